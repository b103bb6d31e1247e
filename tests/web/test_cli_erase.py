"""Erasing and holding from the console, on an office's real folder."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection.domain.errors import InspectionError, Kind
from inspection.services import sessions
from inspection.store.evidence_files import EvidenceFiles
from tests.inspection.proof.whole_case import play
from tests.inspection.services.office import FixedClock, Live, go_live, open_house
from tests.web.test_cli import refused, run
from web.cli import main

pytestmark = pytest.mark.integration


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """With one concluded inspection, YTK-2026-00001."""

    async def make() -> None:
        house = open_house(tmp_path)
        await play(await go_live(house))
        await house.aclose()

    asyncio.run(make())
    return tmp_path


def test_a_hold_keeps_everything_and_without_it_the_law_still_does(office: Path):
    whole = ("YTK-2026-00001", "--class", "media", "--class", "person", "--basis", "申请", "--data", str(office))
    assert "is on" in run("hold", "YTK-2026-00001", "on", "--reason", "诉讼", "--data", str(office)).stdout
    assert "(held)" in refused(run("erase", *whole), 1)
    assert "is off" in run("hold", "YTK-2026-00001", "off", "--reason", "结案", "--data", str(office)).stdout
    assert "(retention_running)" in refused(run("erase", *whole, YUNTAKAN_OFFICE__LEAST_YEARS="90"), 1)


def test_what_is_asked_for_after_the_least_time_is_erased_and_the_folder_checks_sound(office: Path):
    whole = ("YTK-2026-00001", "--class", "media", "--class", "person", "--basis", "申请", "--data", str(office))
    done = run("erase", *whole, YUNTAKAN_OFFICE__LEAST_YEARS="0")
    assert (done.returncode, done.stdout[:20]) == (0, "erased media, person")
    assert run("check", "--data", str(office)).returncode == 0


def test_nothing_is_due_before_its_time_and_misuse_is_said(office: Path):
    assert "0 inspections" in run("erase", "--expired", "--dry-run", "--data", str(office)).stdout
    assert "name one inspection" in refused(run("erase", "--data", str(office)), 2)
    assert "--class and --basis" in refused(run("erase", "YTK-2026-00001", "--data", str(office)), 2)


@pytest.fixture
def long_ago(tmp_path: Path) -> tuple[Path, list[str]]:
    """Two inspections whose time is over, and their ids in the order of their numbers."""

    async def make() -> list[str]:
        house = open_house(tmp_path, clock=FixedClock(datetime(2016, 5, 6, tzinfo=UTC)))
        first = await go_live(house)
        await play(first)
        second = await live_again(first)
        await play(second)
        await house.aclose()
        return [first.inspection.id, second.inspection.id]

    return tmp_path, asyncio.run(make())


async def live_again(live: Live) -> Live:
    """Another inspection of the same people."""
    house = live.house
    inspection = await house.opened(live.inspector, second_inspector_id=live.second.id)
    created = await house.invited(live.inspector, inspection)
    applicant = (await house.redeemed(created)).actor
    for actor in (live.inspector, applicant):
        await sessions.join(house.office, actor, created.session.id)
    return Live(house, inspection, created.session.id, live.inspector, live.second, applicant, created)


def test_one_that_cannot_be_erased_keeps_no_other_whose_time_is_over(
    long_ago: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    data, (stuck, _) = long_ago
    erase_media = EvidenceFiles.erase_media

    async def erase_or_refuse(self: EvidenceFiles, inspection_id: str) -> int:
        if inspection_id == stuck:
            raise InspectionError(Kind.UNAVAILABLE, "storage_failed", "a file stays")
        return await erase_media(self, inspection_id)

    with monkeypatch.context() as broken:
        broken.setattr(EvidenceFiles, "erase_media", erase_or_refuse)
        assert main(["erase", "--expired", "--data", str(data)]) == 1
    said = capsys.readouterr()
    assert "erased  YTK-2016-00002" in said.out and "erased  YTK-2016-00001" not in said.out
    assert "YTK-2016-00001: a file stays (storage_failed)" in said.err
    assert main(["erase", "--expired", "--data", str(data)]) == 0, "what was pending goes on"
    assert main(["check", "--data", str(data)]) == 0
