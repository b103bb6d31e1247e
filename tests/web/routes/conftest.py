from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inspection.domain.actor import Role
from inspection.store.migration import upgrade
from tests.web.routes.house import Browser, Edge, Json, case_body, come_in, open_edge


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("migrated") / "yuntakan.db"
    upgrade(database)
    return database


@pytest.fixture
async def edge(tmp_path: Path, migrated: Path) -> AsyncIterator[Edge]:
    async with open_edge(tmp_path, migrated) as opened:
        await opened.house.staff("li")
        await opened.house.staff("wang", name="王五")
        await opened.house.staff("zhao", Role.AUDITOR, "赵六")
        yield opened


@dataclass
class Case:
    """An inspection with a session, and the three people's browsers."""

    edge: Edge
    id: str
    session_id: str
    invitation: Json
    inspector: Browser
    applicant: Browser
    auditor: Browser

    @property
    def office_path(self) -> str:
        return f"/api/inspector/inspections/{self.id}"

    @property
    def audit_path(self) -> str:
        return f"/api/auditor/inspections/{self.id}"


@pytest.fixture
async def case(edge: Edge) -> Case:
    inspector = await edge.inspector()
    opened = await inspector.post("/api/inspector/inspections", case_body())
    assert opened.status == 200, opened.raw
    created = await inspector.post(f"/api/inspector/inspections/{opened.json['id']}/sessions", {"nature": "guidance"})
    assert created.status == 200, created.raw
    invitation = created.json["invitation"]
    applicant = await come_in(edge, invitation)
    return Case(
        edge, opened.json["id"], created.json["session"]["id"], invitation, inspector, applicant, await edge.auditor()
    )
