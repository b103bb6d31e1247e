"""`yuntakan bench soak` and `bench joins`: does the relay keep memory, handles, threads and tasks?"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from media.bench.load import Load
from media.bench.material import Material, make_material
from media.bench.measure import open_handles, rss_mb, thread_count
from media.bench.servers import MEASURED, BenchServer, bench_config, start_server

SAMPLE_S = 5.0
#: Memory settles while histories and inboxes fill: growth is counted from here on.
SETTLED_S = 180.0
#: Peers say goodbye by DTLS in the background.
SETTLE_DEADLINE_S = 10.0


def growth_percent(samples: Sequence[tuple[float, float]], from_s: float) -> float:
    """By a straight line through (seconds, MB) from `from_s` on: its end above its beginning, in percent."""
    settled = [(at, mb) for at, mb in samples if at >= from_s]
    if len(settled) < 2:
        return 0.0
    mean_s = sum(at for at, _ in settled) / len(settled)
    mean_mb = sum(mb for _, mb in settled) / len(settled)
    spread = sum((at - mean_s) ** 2 for at, _ in settled)
    slope = sum((at - mean_s) * (mb - mean_mb) for at, mb in settled) / spread
    begins_mb = mean_mb + slope * (settled[0][0] - mean_s)
    return round(100 * slope * (settled[-1][0] - settled[0][0]) / begins_mb, 2)


async def run_soak(material: Material, sessions: int, minutes: float) -> dict[str, Any]:
    """The recording relay under `sessions` for `minutes`; memory before, with the sessions, and its growth."""
    with tempfile.TemporaryDirectory(prefix="ytk-bench") as folder:
        server = await start_server("yuntakan", Path(folder), bench_config())
        load = Load(server, material, Path(folder), recording=True)
        try:
            idle_mb = rss_mb(server.pid)
            for _ in range(sessions):
                await load.add_session()
            samples = await _sample(server, minutes * 60)
        finally:
            await load.aclose()
            await server.aclose()
    if server.crashes:
        raise RuntimeError("the relay crashed")
    settled_s = min(SETTLED_S, minutes * 30)
    return {
        "sessions": sessions,
        "minutes": minutes,
        "idle_mb": round(idle_mb, 1),
        "rss_mb": round(samples[-1][1], 1),
        "session_mb": round((samples[-1][1] - idle_mb) / sessions, 2),
        "growth_percent": growth_percent(samples, settled_s),
        "growth_from_s": settled_s,
        "samples": [[round(at), round(mb, 2)] for at, mb in samples],
    }


async def _sample(server: BenchServer, seconds: float) -> list[tuple[float, float]]:
    loop = asyncio.get_running_loop()
    began, samples = loop.time(), []
    while (at := loop.time() - began) < seconds:
        samples.append((at, rss_mb(server.pid)))
        await asyncio.sleep(min(SAMPLE_S, seconds - at + 0.01))
    return [*samples, (loop.time() - began, rss_mb(server.pid))]


async def run_joins(material: Material, joins: int) -> dict[str, Any]:
    """A session whose sender and viewer come and go `joins` times, recorded; what the relay holds before and after."""
    with tempfile.TemporaryDirectory(prefix="ytk-bench") as folder:
        server = await start_server("yuntakan", Path(folder), bench_config(), MEASURED)
        try:
            await _come_and_go(server, material, Path(folder), 3)  # what is loaded and cached once is no leak
            before = await _holdings(server)
            for at in range(joins):
                await _come_and_go(server, material, Path(folder), 1)
                if at % 50 == 49:
                    print(f"{at + 1} of {joins}", file=sys.stderr, flush=True)
            after = await _wait_holdings(server, before)
        finally:
            await server.aclose()
    if server.crashes:
        raise RuntimeError("the relay crashed")
    return {"joins": joins, "before": before, "after": after, "returned": _same(before, after)}


async def _come_and_go(server: BenchServer, material: Material, folder: Path, times: int) -> None:
    for _ in range(times):
        load = Load(server, material, folder, recording=True)
        try:
            await load.add_session()
            async with asyncio.timeout(20):
                await load.receivers[0].first_frame.wait()
        finally:
            await load.leave()


async def _holdings(server: BenchServer) -> dict[str, float]:
    return {
        "handles": open_handles(server.pid),
        "threads": thread_count(server.pid),
        "tasks": (await server.child.measure())["tasks"],
        "rss_mb": round(rss_mb(server.pid), 1),
    }


async def _wait_holdings(server: BenchServer, before: dict[str, float]) -> dict[str, float]:
    """Peers say goodbye in the background: wait for that, and say what is left after the deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SETTLE_DEADLINE_S
    after = await _holdings(server)
    while not _same(before, after) and loop.time() < deadline:
        await asyncio.sleep(0.2)
        after = await _holdings(server)
    return after


def _same(before: dict[str, float], after: dict[str, float]) -> bool:
    return all(after[name] <= before[name] for name in ("handles", "threads", "tasks"))


def add_soak_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sessions", type=int, default=5, help="sessions at the same time (default 5)")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--json", action="store_true", help="print the result with all samples as JSON")


def add_joins_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--joins", type=int, default=500, help="how often a sender and a viewer come and go")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def soak(args: argparse.Namespace) -> int:
    """Exit status 2 for wrong arguments."""
    if args.sessions < 1 or args.minutes <= 0:
        print("sessions and minutes must be positive", file=sys.stderr)
        return 2
    report = uvloop.run(run_soak(make_material(), args.sessions, args.minutes))
    if not args.json:
        del report["samples"]
    print(json.dumps(report))
    return 0


def joins(args: argparse.Namespace) -> int:
    """Exit status 1 where something was not given back, 2 for wrong arguments."""
    if args.joins < 1:
        print("joins must be positive", file=sys.stderr)
        return 2
    report = uvloop.run(run_joins(make_material(), args.joins))
    print(json.dumps(report))
    return 0 if report["returned"] else 1
