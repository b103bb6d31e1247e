"""Erasing and holding from the console, on an office's real folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.inspection.proof.whole_case import play
from tests.inspection.services.office import go_live, open_house
from tests.web.test_cli import refused, run

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
