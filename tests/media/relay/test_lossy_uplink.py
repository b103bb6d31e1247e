"""A phone on a bad network: what the relay repairs before it records and passes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from media.events import GapDetected
from tests.clips.handheld import write_y4m
from tests.media.relay import call_page
from tests.media.relay.conftest import RunningRelay
from tests.media.relay.lossy_path import LossyPath

SESSION = "session-1"
LOST_PACKETS = 60
SEED = 1


@pytest.mark.e2e
@pytest.mark.timeout(120)
async def test_five_percent_loss_and_100_ms_round_trip_are_repaired(relay: RunningRelay, tmp_path: Path) -> None:
    clip = tmp_path / "handheld.y4m"
    write_y4m(clip, seconds=2)
    path = LossyPath(loss=0.05, delay_s=0.05, seed=SEED)
    await relay.port.open_session(SESSION, str(relay.directory))
    async with async_playwright() as playwright:
        browser = await call_page.launch(playwright, clip)
        try:
            sender, viewer = await call_page.open_page(browser), await call_page.open_page(browser)
            await call_page.subscribe(viewer, relay.port, SESSION, "down")
            await call_page.publish(
                sender, relay.port, SESSION, "up", path=path, max_bits_per_s=1_000_000, frames_per_s=15
            )
            before = await call_page.wait_for_frames(viewer)
            tracks = await _until_lost(relay, viewer, path)
            after = await call_page.inbound_video(viewer)
        finally:
            path.aclose()
            await browser.close()
    assert after is not None and after["framesDecoded"] > before["framesDecoded"] + 15
    assert sum(track["repaired"] for track in tracks) > LOST_PACKETS / 2
    assert sum(track["lost"] for track in tracks) <= 2
    gaps = [event for event in relay.facts.seen if isinstance(event, GapDetected)]
    assert sum(gap.packets for gap in gaps) <= 2


async def _until_lost(relay: RunningRelay, viewer: call_page.Page, path: LossyPath) -> list[dict[str, int]]:
    """The sender's tracks in the relay, once the path has lost enough."""
    while path.lost < LOST_PACKETS:
        await viewer.evaluate("() => new Promise((done) => setTimeout(done, 200))")
    tracks: list[dict[str, int]] = (await relay.stats(SESSION))["peers"]["up"]["tracks"]
    return tracks
