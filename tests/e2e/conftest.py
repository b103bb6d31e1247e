"""Browser tests run against a server of their own, started as an office would start it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.footage import write_camera_file
from tests.e2e.office import Office, free_port


@pytest.fixture(scope="session")
def camera_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_camera_file(tmp_path_factory.mktemp("camera") / "footage.y4m")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path / "data", free_port())
    office.add_people()
    office.start()
    yield office
    office.stop()
