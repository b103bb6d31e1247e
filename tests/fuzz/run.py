"""`python -m tests.fuzz.run --cases 1000000 --seed N --json`: half of the cases over sockets, half in this process.

In both halves, half come from an authenticated peer and half from strangers. Beside the cases over sockets run a
victim's session and, in the attackers' own session, a witness. Exit status 0 when nobody else noticed anything.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from typing import Any

import uvloop

from media.bench.material import Material
from tests.fuzz.attackers import Attacker, Noise, Strangers
from tests.fuzz.corpus import Corpus, make_corpus
from tests.fuzz.in_process import run_in_process
from tests.fuzz.inner_relay import quiet
from tests.fuzz.live import SHARED, VICTIM, LiveCalls, call_material, live_calls

#: Each of the two attackers stays within what a peer may send; strangers send as much as both.
PER_ATTACKER_PER_S, STRANGERS_PER_S = 2000, 4000
#: The victim's frame rate may fall by this share.
MOST_LOST_SHARE = 0.05
MOST_GROWTH_MB = 50.0

Report = dict[str, Any]


async def fuzz(cases: int, seed: int, material: Material, before_s: float = 5.0) -> Report:
    """The whole run; see the module."""
    corpus = make_corpus()
    over_sockets = cases // 2
    began = time.monotonic()
    live = await run_live(corpus, over_sockets, seed, material, before_s)
    inside = await run_in_process(corpus, cases - over_sockets, seed + 1)
    report = {
        "seed": seed,
        "cases": cases,
        "from_authenticated": live["from_authenticated"] + inside.authenticated,
        "from_strangers": live["from_strangers"] + inside.strangers,
        "over_sockets": live,
        "in_process": inside.to_dict(),
        "seconds": round(time.monotonic() - began, 1),
    }
    report["failures"] = failures(report)
    return report


async def run_live(corpus: Corpus, cases: int, seed: int, material: Material, before_s: float) -> Report:
    async with live_calls(material) as live:
        victim, witness = await live.add_call(VICTIM), await live.add_call(SHARED)
        attackers = [
            Attacker(live, corpus, random.Random(seed * 10 + n), direction, PER_ATTACKER_PER_S)
            for n, direction in enumerate(("up", "down"))
        ]
        usernames = [f"{call.receiver._gatherer.connection.remote_username}:x".encode() for call in (victim, witness)]
        noise = Noise(corpus, random.Random(seed * 10 + 5), usernames)
        strangers = Strangers(victim.targets + witness.targets, noise.datagram)
        try:
            for attacker in attackers:
                await attacker.connect()
            before = await _watch((victim, witness), asyncio.sleep(before_s))
            rss_before, cpu_before, began = live.rss_mb(), live.cpu_ns(), time.monotonic()
            sending = asyncio.gather(
                *(attacker.send(cases // 4) for attacker in attackers),
                strangers.send(cases - 2 * (cases // 4), STRANGERS_PER_S),
            )
            during = await _watch((victim, witness), sending)
            elapsed_s = time.monotonic() - began
            return {
                "cases": sum(one.sent for one in attackers) + strangers.sent,
                "from_authenticated": sum(one.sent for one in attackers),
                "from_strangers": strangers.sent,
                "attackers_closed": sum(one.own_closes for one in attackers),
                "closed_calls_of_others": live.closed_calls(),
                "process_exits": live.exits(),
                "faults_logged": live.faults_logged(),
                "log_lines": len(live.log_lines()),
                "fps_before": before,
                "fps_during": during,
                "rss_mb_before": round(rss_before, 1),
                "rss_mb_after": round(live.rss_mb(), 1),
                "rss_mb_with_encoders": round(live.rss_with_encoders_mb(), 1),
                "relay_cpu_percent": round((live.cpu_ns() - cpu_before) / elapsed_s / 1e7, 1),
                "guard": await _guard(live),
                "seconds": round(elapsed_s, 1),
            }
        finally:
            strangers.close()
            for attacker in attackers:
                await attacker.aclose()


def failures(report: Report) -> list[str]:
    """What must not be, in words; empty where all is well."""
    live, found = report["over_sockets"], []
    for name in ("closed_calls_of_others", "process_exits", "faults_logged"):
        if live[name]:
            found.append(f"{name}: {live[name]}")
    for who, fps in live["fps_during"].items():
        if fps < live["fps_before"][who] * (1 - MOST_LOST_SHARE):
            found.append(f"the {who}'s frame rate fell from {live['fps_before'][who]} to {fps}")
    if live["rss_mb_after"] - live["rss_mb_before"] > MOST_GROWTH_MB:
        found.append(f"memory grew from {live['rss_mb_before']} to {live['rss_mb_after']} MB")
    if report["in_process"]["unexpected"]:
        found.append(f"{len(report['in_process']['unexpected'])} unexpected exceptions in process")
    return found


async def _watch(calls: tuple[Any, Any], work: Any) -> dict[str, float]:
    for call in calls:
        call.start_counting()
    await work
    return {name: round(call.fps(), 2) for name, call in zip((VICTIM, "witness"), calls, strict=True)}


async def _guard(live: LiveCalls) -> dict[str, int]:
    """Sums over all peers that are there now."""
    sums: dict[str, int] = {}
    for session_id in (VICTIM, SHARED):
        for peer in (await live.port.session_stats(session_id))["peers"].values():
            for name, count in peer["guard"].items():
                sums[name] = sums.get(name, 0) + count
    return sums


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=None, help="printed with the result; random by itself")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    quiet()
    seed = args.seed if args.seed is not None else random.randrange(1 << 31)
    report = uvloop.run(fuzz(args.cases, seed, call_material()))
    print(json.dumps(report, indent=2) if args.json else render(report))
    return 1 if report["failures"] else 0


def render(report: Report) -> str:
    live = report["over_sockets"]
    lines = [
        f"seed {report['seed']}: {report['cases']} cases ({live['cases']} over sockets) in {report['seconds']} s",
        f"frames a second before {live['fps_before']}, during {live['fps_during']}",
        f"memory {live['rss_mb_before']} -> {live['rss_mb_after']} MB, relay {live['relay_cpu_percent']} % of a core",
        *(f"FAILED {failure}" for failure in report["failures"]),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
