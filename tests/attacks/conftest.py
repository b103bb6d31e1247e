from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.signaling.served import Case, Served, serve


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with serve(tmp_path_factory.mktemp("attacked")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="package")
async def case(served: Served) -> AsyncIterator[Case]:
    made = await served.case()
    yield made
    for person in (made.inspector, made.second, made.applicant):
        await person.aclose()
