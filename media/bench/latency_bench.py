"""`yuntakan bench latency`: picture to picture through the relay, against the same two pages connected directly."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from media.bench.marks import delays_ms
from media.bench.servers import BenchServer, bench_config, start_server

PAGE = Path(__file__).with_name("latency_page.js")
ORIGIN = "https://latency.invalid/"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MAX_BITS_PER_S = 1_500_000
SETTLE_S, FIRST_FRAME_S = 4.0, 20.0
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--autoplay-policy=no-user-gesture-required",
)


def why_not() -> str | None:
    """Why this cannot be measured here, None where it can."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed (it is among the development requirements)"
    if find_browser() is None:
        return "there is no Chromium (Debian: apt install chromium)"
    return None


def find_browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name)) is not None), None)


def summarise(rounds: Sequence[dict[str, list[float]]]) -> dict[str, Any]:
    """Each round's delays of both ways in; medians over the rounds, and the median of the rounds' own ratios."""
    ways = {way: [_figures(each[way]) for each in rounds] for way in ("direct", "relay")}
    summary: dict[str, Any] = {
        way: {name: round(median(f[name] for f in figures), 1) for name in ("p50_ms", "p95_ms", "frames")}
        for way, figures in ways.items()
    }
    summary["ratios"] = {
        name: round(median(r[name] / d[name] for r, d in zip(ways["relay"], ways["direct"], strict=True)), 3)
        for name in ("p50_ms", "p95_ms")
    }
    return {**summary, "rounds": len(rounds)}


def _figures(delays: list[float]) -> dict[str, float]:
    """Raises ValueError where no picture with a mark was seen."""
    if not delays:
        raise ValueError("no time mark was seen at the viewer")
    ordered = sorted(delays)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95)]
    return {"p50_ms": at[0], "p95_ms": at[1], "frames": float(len(ordered))}


async def run_latency_bench(rounds: int, seconds: float) -> dict[str, Any]:
    """`{"direct": {p50_ms, p95_ms, frames}, "relay": the same, "ratios": {p50_ms, p95_ms}, "rounds"}`."""
    from playwright.async_api import async_playwright

    delays: dict[str, list[list[float]]] = {"direct": [], "relay": []}
    with tempfile.TemporaryDirectory(prefix="ytk-bench") as folder:
        server = await start_server("yuntakan", Path(folder), bench_config())
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=find_browser(), headless=True, args=list(FLAGS)
                )
                sender, viewer = await _open_page(browser), await _open_page(browser)
                await sender.evaluate("() => beginDrawing()")
                for index in range(2 * rounds):
                    through = (server, Path(folder)) if _is_relays_turn(index) else None
                    found = await _measure(sender, viewer, seconds, through, index)
                    delays["direct" if through is None else "relay"].append(found)
                await browser.close()
        finally:
            await server.aclose()
    return summarise([{"direct": d, "relay": r} for d, r in zip(delays["direct"], delays["relay"], strict=True)])


def _is_relays_turn(index: int) -> bool:
    """Each way goes first in every other round: direct, relay, relay, direct, …"""
    return index % 4 in (1, 2)


async def _open_page(browser: Any) -> Any:
    page = await (await browser.new_context()).new_page()
    await page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    await page.add_init_script(PAGE.read_text())
    await page.goto(ORIGIN)
    return page


async def _measure(
    sender: Any, viewer: Any, seconds: float, through: tuple[BenchServer, Path] | None, index: int
) -> list[float]:
    offer = await sender.evaluate("(rate) => offer(rate)", MAX_BITS_PER_S)
    if through is None:
        await sender.evaluate("(sdp) => take(sdp)", await viewer.evaluate("(sdp) => answer(sdp)", offer))
    else:
        await _connect_through(sender, viewer, offer, through[0], through[1] / f"latency-{index}")
    await viewer.wait_for_function("() => window.seen?.length > 0", timeout=FIRST_FRAME_S * 1000)
    await asyncio.sleep(SETTLE_S)
    await viewer.evaluate("() => takeSeen()")
    await asyncio.sleep(seconds)
    seen = await viewer.evaluate("() => takeSeen()")
    for page in (sender, viewer):
        await page.evaluate("() => hangUp()")
    return delays_ms(seen)


async def _connect_through(sender: Any, viewer: Any, offer: str, server: BenchServer, folder: Path) -> None:
    port, session_id = server.port, folder.name
    await port.open_session(session_id, str(folder))
    await port.set_recording(session_id, True)
    up = await port.add_up_peer(session_id, "up", "applicant", "applicant", offer)
    await sender.evaluate("(sdp) => take(sdp)", up["sdp"])
    down = await port.add_down_peer(session_id, "down", "inspector", "inspector")
    answer = await viewer.evaluate("(sdp) => answer(sdp)", down["sdp"])
    await port.accept_answer(session_id, "down", answer)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3, help="times that both ways are measured in turn (default 3)")
    parser.add_argument("--seconds", type=float, default=10.0, help="measured time of each (default 10)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Exit status 0 also where there is no browser: that is said and nothing measured. 2 for wrong arguments."""
    if args.rounds < 1 or args.seconds <= 0:
        print("rounds and seconds must be positive", file=sys.stderr)
        return 2
    reason = why_not()
    if reason is not None:
        print(f"not measured: {reason}", file=sys.stderr)
        return 0
    report = uvloop.run(run_latency_bench(args.rounds, args.seconds))
    print(json.dumps(report, indent=None if args.json else 2))
    return 0
