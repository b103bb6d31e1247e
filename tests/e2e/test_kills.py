"""kill -9 in a live call: the phone is back in the same session by itself, the record holds up to the last second."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e import acts
from tests.e2e.browsers import Screen, chromium, open_desk, open_phone
from tests.e2e.kills import kill_often
from tests.e2e.office import Office
from web.client import public_client

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BACK_MS = 30_000
LOST_TAIL_S = 1.0


def kill_server(office: Office) -> None:
    office.kill()
    office.start()


def kill_relay(office: Office) -> None:
    os.kill(office.relay_pid(), signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_server, kill_relay])
async def test_a_call_survives_kill_minus_nine(
    office: Office, camera_file: Path, tmp_path: Path, kill: Callable[[Office], None]
) -> None:
    async with chromium(camera_file) as phones, chromium() as desks:
        desk = await open_desk(desks, f"{office.url}/office/login")
        await acts.sign_in(desk, office.inspectors[0])
        await acts.open_inspection(desk, None)
        invited = await acts.invite(desk, "guidance")
        phone = await open_phone(phones, invited.link)
        await acts.come_in(phone, office)
        await desk.page.goto(invited.console_url)
        await desk.wait_media("video", "framesDecoded", 60)

        older_peers = int(await desk.page.evaluate("testPeers.length"))
        killed_s = time.time()
        kill(office)
        await picture_is_back(desk, older_peers)
        await expect(phone.page.get_by_test_id("live-recording")).to_have_attribute("data-on", "true", timeout=BACK_MS)
        assert phone.page.url.endswith("/live"), "the phone is still in the session, without a new code"
        await acts.agree_on_summary(phone, [desk], "通话中断后恢复,其余正常。")
        await expect(phone.page.get_by_test_id("live-ended")).to_be_visible()
    inspection_id = invited.inspection_url.rsplit("/", 1)[1]
    await the_record_is_whole(office, inspection_id, killed_s, tmp_path / "package.zip")


async def test_kills_at_random_moments_cost_less_than_a_second_and_are_one_gap_each(tmp_path: Path) -> None:
    """`python -m tests.e2e.kills` does the same more often."""
    outcomes = await kill_often([("relay", 1), ("server", 2)], tmp_path)
    assert [outcome.problems for outcome in outcomes] == [[], []]


async def picture_is_back(desk: Screen, older_peers: int) -> None:
    """Frames on a connection that was made after the kill."""
    await desk.until(
        "async older => { for (const peer of testPeers.slice(older))"
        " for (const row of (await peer.getStats()).values())"
        " if (row.type === 'inbound-rtp' && row.kind === 'video' && row.framesDecoded > 30) return true;"
        " return false }",
        older_peers,
        BACK_MS,
    )


async def the_record_is_whole(office: Office, inspection_id: str, killed_s: float, package: Path) -> None:
    async with public_client(office.url, "auditor", office.ca_path) as auditor:
        await auditor.sign_in(office.auditor.username, office.auditor.password)
        entries = (await auditor.get(f"/api/auditor/inspections/{inspection_id}/entries?limit=1000"))["entries"]
    films = {e["payload"]["track_id"] for e in entries if e["kind"] == "track" and e["payload"]["kind"] == "video"}
    ends = [
        datetime.fromisoformat(entry["payload"]["ended_at"]).timestamp()
        for entry in entries
        if entry["kind"] in ("segment", "recovered") and entry["payload"]["track_id"] in films
    ]
    before = [end for end in ends if end <= killed_s + 0.05]
    assert killed_s - max(before) <= LOST_TAIL_S, "more than the last second is lost"
    assert any(end > killed_s + 1 for end in ends), "the recording went on"
    gaps = [entry["payload"] for entry in entries if entry["kind"] == "gap" and entry["payload"]["cause"] == "restart"]
    assert len(gaps) == 1, "the interruption is on record, once"
    began, ended = (datetime.fromisoformat(gaps[0][key]).timestamp() for key in ("started_at", "ended_at"))
    assert began - LOST_TAIL_S <= killed_s <= ended
    office.run("check")
    office.run("export", inspection_id, "-o", str(package))
    verdict = json.loads(office.run("verify", str(package), "--json").stdout)
    assert verdict["verdict"] == "whole", verdict
