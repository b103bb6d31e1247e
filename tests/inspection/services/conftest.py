from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.inspection.services.office import House, Live, go_live, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    opened = open_house(tmp_path)
    yield opened
    await opened.aclose()


@pytest.fixture
async def live(house: House) -> Live:
    return await go_live(house)
