"""`python -m tests.fuzz.flood --seconds 60 --rate 5000 --json`: strays on the sockets of a call; who notices what.

Exit status 0 when no call was closed, the victim's frame rate fell by less than 5 %, and memory stayed where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import uvloop

from media.bench.material import Material
from tests.fuzz.live import VICTIM, call_material, live_calls
from tests.fuzz.run import MOST_LOST_SHARE
from tests.fuzz.stray import strays

MOST_GROWTH_MB = 10.0
READY_DEADLINE_S = 60.0

Report = dict[str, Any]


async def flood(seconds: float, rate: float, seed: int, material: Material, before_s: float = 10.0) -> Report:
    async with live_calls(material) as live:
        victim = await live.add_call(VICTIM)
        async with strays(victim.targets, rate, seconds, "flood", seed) as process:
            assert process.stdout is not None
            async with asyncio.timeout(READY_DEADLINE_S):
                await process.stdout.readline()
            # The strays flow from here on: what comes before is measured after them, in the same call.
            rss_before, cpu_before, began = live.rss_mb(), live.cpu_ns(), time.monotonic()
            victim.start_counting()
            sent = int(await process.stdout.readline())
            during = {"fps": victim.fps(), "cpu": (live.cpu_ns() - cpu_before) / (time.monotonic() - began)}
            rss_after = live.rss_mb()
        cpu_before, began = live.cpu_ns(), time.monotonic()
        victim.start_counting()
        await asyncio.sleep(before_s)
        quiet = {"fps": victim.fps(), "cpu": (live.cpu_ns() - cpu_before) / (time.monotonic() - began)}
        report = {
            "seed": seed,
            "seconds": seconds,
            "strays": sent,
            "strays_per_s": round(sent / seconds),
            "fps_without": round(quiet["fps"], 2),
            "fps_during": round(during["fps"], 2),
            "relay_cpu_percent_without": round(quiet["cpu"] / 1e7, 2),
            "relay_cpu_percent_during": round(during["cpu"] / 1e7, 2),
            "us_per_stray": round((during["cpu"] - quiet["cpu"]) * seconds / max(1, sent) / 1000, 2),
            "rss_mb_before": round(rss_before, 1),
            "rss_mb_after": round(rss_after, 1),
            "closed_calls": live.closed_calls(),
            "process_exits": live.exits(),
            "log_lines": len(live.log_lines()),
            "faults_logged": live.faults_logged(),
        }
    report["failures"] = failures(report)
    return report


def failures(report: Report) -> list[str]:
    found = [f"{name}: {report[name]}" for name in ("closed_calls", "process_exits", "faults_logged") if report[name]]
    if report["fps_during"] < report["fps_without"] * (1 - MOST_LOST_SHARE):
        found.append(f"the victim's frame rate fell from {report['fps_without']} to {report['fps_during']}")
    if report["rss_mb_after"] - report["rss_mb_before"] > MOST_GROWTH_MB:
        found.append(f"memory grew from {report['rss_mb_before']} to {report['rss_mb_after']} MB")
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=5000.0, help="strays a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    report = uvloop.run(flood(args.seconds, args.rate, args.seed, call_material()))
    lines = [f"{name}: {value}" for name, value in report.items()]
    print(json.dumps(report, indent=2) if args.json else "\n".join(lines))
    return 1 if report["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
