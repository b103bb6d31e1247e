"""`yuntakan bench transit`: how long a packet is in the relay while the relay's core is busy to a given share."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from media.bench.load import Load
from media.bench.material import Material, make_material
from media.bench.measure import cpu_ns
from media.bench.peers import CountingReceiver
from media.bench.servers import MEASURED, bench_config, start_server

PROBE_S, MAX_SESSIONS, MOST_MORE = 2.0, 150, 16


def more_sessions(sessions: int, cpu_percent: float, wanted_percent: float) -> int:
    """How many to add, by proportion; 0 where the load is reached. Careful with far leaps: a session costs less among
    many.
    """
    if cpu_percent >= wanted_percent:
        return 0
    wanted = math.ceil(sessions * wanted_percent / max(cpu_percent, 0.1))
    return max(1, min(wanted - sessions, MOST_MORE))


async def run_transit_bench(material: Material, load_percent: float, viewers: int, seconds: float) -> dict[str, Any]:
    """`p50_ms` and `p99_ms` from the kernel's receive time to the send call, for every packet passed on."""
    with tempfile.TemporaryDirectory(prefix="ytk-bench") as folder:
        server = await start_server("yuntakan", Path(folder), bench_config(), MEASURED)
        load = Load(server, material, Path(folder), recording=True, viewer=CountingReceiver)
        try:
            await load.add_session(viewers)
            while more := more_sessions(len(load.senders), await _cpu_percent(server.pid, PROBE_S), load_percent):
                if len(load.senders) >= MAX_SESSIONS:
                    break
                for _ in range(more):
                    await load.add_session(viewers)
            return await _read(load, viewers, seconds)
        finally:
            await load.aclose()
            await server.aclose()


async def _read(load: Load, viewers: int, seconds: float) -> dict[str, Any]:
    await load.server.child.measure()
    load.reset()
    generator_ns = time.process_time_ns()
    cpu_percent = await _cpu_percent(load.server.pid, seconds)
    transits = await load.server.child.measure()
    return {
        "sessions": len(load.senders),
        "viewers": viewers,
        "cpu_percent": round(cpu_percent, 1),
        "generator_percent": round((time.process_time_ns() - generator_ns) / seconds / 1e7, 1),
        "fps": round(sum(r.frames for r in load.receivers) / seconds / len(load.receivers), 1),
        "packets": transits["transits"],
        "p50_ms": transits["p50_ms"],
        "p99_ms": transits["p99_ms"],
    }


async def _cpu_percent(pid: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    before, began = cpu_ns(pid), loop.time()
    await asyncio.sleep(seconds)
    return (cpu_ns(pid) - before) / (loop.time() - began) / 1e7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--load", type=float, default=70.0, help="percent of a core that the relay uses (default 70)")
    parser.add_argument("--viewers", type=int, default=1, help="viewers of each sender (default 1)")
    parser.add_argument("--seconds", type=float, default=15.0, help="measured time (default 15)")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Exit status 2 for wrong arguments."""
    if not 0 < args.load < 100 or not 0 < args.viewers <= 12 or args.seconds <= 0:
        print("cannot measure: load below 100, 1 to 12 viewers, seconds above zero", file=sys.stderr)
        return 2
    report = uvloop.run(run_transit_bench(make_material(), args.load, args.viewers, args.seconds))
    text = "  ".join(f"{name} {value}" for name, value in report.items())
    print(json.dumps(report) if args.json else text)
    return 0
