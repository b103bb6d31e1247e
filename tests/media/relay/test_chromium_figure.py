"""What a viewer in Chromium gets of a 720p30 hand-held clip at 1.5 Mb/s through a relay that also records it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from media.events import PeerConnected
from tests.clips.handheld import write_y4m
from tests.media.relay import call_page
from tests.media.relay.conftest import RunningRelay

SESSION = "session-1"
WINDOW_S = 10.0
SETTLE_S = 3.0
#: A shared machine may be busy for a while; a figure counts when one of so many windows shows it.
TRIES = 3


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "handheld.y4m"
    write_y4m(path, seconds=6)
    return path


@pytest.mark.bench
@pytest.mark.timeout(180)
async def test_a_viewer_sees_720p_at_30_frames_a_second_within_three_seconds(relay: RunningRelay, clip: Path) -> None:
    windows = []
    for attempt in range(TRIES):
        windows.append(await _measure(relay, clip, f"{SESSION}-{attempt}"))
        if _reached(windows[-1]):
            break
    print(*windows, f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    assert _reached(windows[-1]), windows


def _reached(window: call_page.VideoWindow) -> bool:
    return window.width == 1280 and window.bits_per_s >= 1_200_000 and window.frames_per_s >= 29


async def _measure(relay: RunningRelay, clip: Path, session_id: str) -> call_page.VideoWindow:
    """The ten seconds that begin three seconds after the sender's ICE connected."""
    await relay.port.open_session(session_id, str(relay.directory / session_id))
    await relay.port.set_recording(session_id, True)
    async with async_playwright() as playwright:
        browser = await call_page.launch(playwright, clip)
        try:
            sender, viewer = await call_page.open_page(browser), await call_page.open_page(browser)
            await call_page.subscribe(viewer, relay.port, session_id, "down")
            await call_page.publish(sender, relay.port, session_id, "up", scalability_mode="L1T3")
            await relay.facts.find(PeerConnected, lambda e: e.session_id == session_id and e.direction == "up")
            await _until_connected(sender)
            before = await call_page.wait_for_frames(viewer, SETTLE_S)
            connected_at = await sender.evaluate("() => up.connectedAt")
            await asyncio.sleep(max(0.0, SETTLE_S - (before["now"] - connected_at) / 1000))
            before = await call_page.inbound_video(viewer)
            await asyncio.sleep(WINDOW_S)
            after = await call_page.inbound_video(viewer)
            assert before is not None and after is not None
            return call_page.window_between(before, after)
        finally:
            await browser.close()
            await relay.port.close_session(session_id)


async def _until_connected(page: call_page.Page) -> None:
    await page.wait_for_function("() => up.connectedAt > 0")


@pytest.mark.e2e
async def test_two_inspectors_hear_each_other_and_see_the_applicant(relay: RunningRelay, clip: Path) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    async with async_playwright() as playwright:
        browser = await call_page.launch(playwright, clip)
        try:
            pages = {name: await call_page.open_page(browser) for name in ("applicant", "first", "second")}
            for name, page in pages.items():
                role = "applicant" if name == "applicant" else "inspector"
                await call_page.subscribe(page, relay.port, SESSION, f"{name}-down", role, participant_id=name)
                await call_page.publish(
                    page,
                    relay.port,
                    SESSION,
                    f"{name}-up",
                    role,
                    participant_id=name,
                    video=name == "applicant",
                    max_bits_per_s=600_000,
                    frames_per_s=15,
                )
            for name in ("first", "second"):
                await call_page.wait_for_frames(pages[name])
                assert await _voices(pages[name], 2) == {"applicant-audio", "voice-1-audio"}
            assert await _voices(pages["applicant"], 2) == {"voice-1-audio", "voice-2-audio"}
        finally:
            await browser.close()


async def _voices(page: call_page.Page, count: int) -> set[str]:
    """Streams in which sound arrives, once there are `count` of them."""
    script = """async (count) => {
      for (let i = 0; i < 100; i++) {
        const names = [];
        for (const t of down.getTransceivers()) {
          if (t.receiver.track.kind !== 'audio') continue;
          for (const s of (await t.receiver.getStats()).values())
            if (s.type === 'inbound-rtp' && s.packetsReceived > 20 && s.totalAudioEnergy > 0)
              names.push([...document.querySelectorAll('audio')]
                .find((element) => element.srcObject.getTracks().includes(t.receiver.track)).id);
        }
        if (names.length >= count) return names;
        await new Promise((go) => setTimeout(go, 100));
      }
      const seen = [];
      for (const s of (await down.getStats()).values())
        if (s.type === 'inbound-rtp') seen.push([s.mid, s.kind, s.packetsReceived, s.totalAudioEnergy]);
      throw new Error('not enough voices: ' + JSON.stringify(seen));
    }"""
    return set(await page.evaluate(script, count))
