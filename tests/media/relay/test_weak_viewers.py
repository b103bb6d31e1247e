"""Two viewers in Chromium, one behind a narrow line: it gets what fits, the other one and the record get everything."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from media.events import ViewServed
from tests.clips.handheld import write_y4m
from tests.media.relay import call_page
from tests.media.relay.conftest import RunningRelay
from tests.media.relay.narrow_path import NarrowPath

SESSION = "session-1"
FULL_BITS_PER_S = 1_000_000
FRAMES_PER_S = 15
WATCH_S = 15.0
#: Time that the narrow viewer has to come down to what fits.
SETTLE_S = 14.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "handheld.y4m"
    write_y4m(path, seconds=4)
    return path


@pytest.mark.bench
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("layers", "line", "service", "fewest_frames_per_s"),
    [("L1T3", 700_000, "fewer_frames", 3.0), (None, 300_000, "small", 5.0), ("L1T3", 300_000, "small", 5.0)],
)
async def test_a_narrow_line_gets_what_fits_without_a_freeze(
    relay: RunningRelay, clip: Path, layers: str | None, line: int, service: str, fewest_frames_per_s: float
) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    await relay.port.set_recording(SESSION, True)
    path = NarrowPath(None)
    async with async_playwright() as playwright:
        browser = await call_page.launch(playwright, clip)
        try:
            pages = {name: await call_page.open_page(browser) for name in ("sender", "narrow", "wide")}
            await call_page.subscribe(pages["narrow"], relay.port, SESSION, "narrow", path=path)
            await call_page.subscribe(pages["wide"], relay.port, SESSION, "wide")
            await call_page.publish(
                pages["sender"],
                relay.port,
                SESSION,
                "up",
                max_bits_per_s=FULL_BITS_PER_S,
                frames_per_s=FRAMES_PER_S,
                scalability_mode=layers,
            )
            for name in ("narrow", "wide"):
                await call_page.wait_for_frames(pages[name])
            await _follow(relay, 6.0, "wide")
            path.bits_per_s = line
            narrowed_at = asyncio.get_running_loop().time()
            served = await relay.facts.find(ViewServed, lambda e: e.peer_id == "narrow", 25)
            print("first", served.service, "after", asyncio.get_running_loop().time() - narrowed_at, file=sys.stderr)
            await relay.facts.find(ViewServed, lambda e: e.peer_id == "narrow" and e.service == service, 25)
            await _follow(relay, 3.0)
            before = {name: await call_page.inbound_video(pages[name]) for name in ("narrow", "wide")}
            encoded = await _encoded(pages["sender"])
            await _follow(relay, WATCH_S)
            encoded = await _encoded(pages["sender"]) - encoded
            after = {name: await call_page.inbound_video(pages[name]) for name in ("narrow", "wide")}
            voice = await _voice(pages["narrow"])
        finally:
            path.aclose()
            await browser.close()
    windows = {name: call_page.window_between(before[name] or {}, after[name] or {}) for name in before}
    print(layers, line, windows, "voice lost", voice, "proxy dropped", path.dropped, file=sys.stderr)
    told = [e.service for e in relay.facts.seen if isinstance(e, ViewServed) and e.peer_id == "wide"]
    assert told == []
    assert windows["wide"].decoded > 0.8 * encoded and windows["wide"].lost == 0
    assert windows["narrow"].frames_per_s >= fewest_frames_per_s
    frozen_s = _value(after["narrow"], "totalFreezesDuration") - _value(before["narrow"], "totalFreezesDuration")
    assert frozen_s < 0.1 * WATCH_S, frozen_s
    record = (await _stats_at_end(relay))["up"]["tracks"]
    assert all(track["lost"] == 0 for track in record)


async def _follow(relay: RunningRelay, seconds: float, peer_id: str = "narrow") -> None:
    for _ in range(round(seconds)):
        await asyncio.sleep(1)
        peer = (await relay.stats(SESSION))["peers"][peer_id]
        video = next(slot for slot in peer["slots"] if slot["slot"] == "applicant-video")
        shown = {name: video[name] for name in ("limit", "layers", "bytes", "left_out", "resent", "not_sent_again")}
        print(peer["view"], peer["remb_bits_per_s"], shown, file=sys.stderr)


async def _stats_at_end(relay: RunningRelay) -> dict[str, Any]:
    found: dict[str, Any] = (await relay.stats(SESSION))["peers"]
    return found


async def _encoded(page: call_page.Page) -> int:
    """Frames that the sender has encoded, which a busy machine makes fewer."""
    stats = await page.evaluate("() => stats('up')")
    return sum(int(item.get("framesEncoded", 0)) for item in stats["outbound-rtp"] if item["kind"] == "video")


async def _voice(page: call_page.Page) -> int:
    stats = await page.evaluate("() => stats('down')")
    return sum(int(item.get("packetsLost", 0)) for item in stats["inbound-rtp"] if item["kind"] == "audio")


def _value(video: dict[str, Any] | None, name: str) -> float:
    return float((video or {}).get(name, 0.0))
