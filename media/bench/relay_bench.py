"""`yuntakan bench relay`: the relay and others under the same synthetic load, in turn, in one run."""

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

from media.bench.figures import OURS, Result, ratios, render, summarise
from media.bench.load import Load, read_figures
from media.bench.material import Material, make_material
from media.bench.plot import plot_svg
from media.bench.servers import OTHERS, bench_config, start_server, why_not

WARM_UP_S = 3.0


async def run_relay_bench(
    material: Material, sessions: Sequence[int], seconds: float, against: Sequence[str], runs: int = 1
) -> dict[str, Any]:
    """`{"results": [one per relay and number of sessions], "ratios": {...}}`; see `docs/performance.md`."""
    names = [*OURS, *(name for name in against if _can_measure(name))]
    measured: list[list[Result]] = []
    for number in range(runs):
        say(f"run {number + 1} of {runs}")
        measured.append([await _measure(name, material, n, seconds) for n in sessions for name in names])
    results = [summarise(list(same)) for same in zip(*measured, strict=True)]
    return {"results": results, "ratios": ratios(measured)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sessions", type=counts, default=[1], metavar="N[,N]", help="sessions at the same time (default 1)"
    )
    parser.add_argument("--seconds", type=float, default=15.0, help="measured time for each relay (default 15)")
    parser.add_argument("--runs", type=int, default=1, help="times that all are measured in turn (default 1)")
    parser.add_argument(
        "--against", default="mediarelay", help="other relays, by commas: mediarelay (default), janus, or none"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw CPU by sessions into this SVG")


def counts(text: str) -> list[int]:
    """`1,5,20` as numbers. Raises ArgumentTypeError for what is not positive."""
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = [0]
    if min(found) < 1:
        raise argparse.ArgumentTypeError("numbers above zero, by commas")
    return list(dict.fromkeys(found))


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when all was measured, 2 for wrong arguments."""
    against = [] if args.against == "none" else args.against.split(",")
    unknown = [name for name in against if name not in OTHERS]
    if unknown or args.runs < 1 or args.seconds <= 0:
        print(f"cannot measure: {', '.join(unknown) or 'runs and seconds must be positive'}", file=sys.stderr)
        return 2
    say("encoding the clip")
    report = uvloop.run(run_relay_bench(make_material(), args.sessions, args.seconds, against, args.runs))
    if args.plot is not None:
        args.plot.write_text(plot_svg(report["results"]))
    print(json.dumps(report, indent=2) if args.json else render(report))
    return 0


def say(text: str) -> None:
    """A progress line."""
    print(text, file=sys.stderr, flush=True)


def _can_measure(name: str) -> bool:
    reason = why_not(name)
    if reason is not None:
        say(f"{name} is left out: {reason}")
    return reason is None


async def _measure(name: str, material: Material, sessions: int, seconds: float) -> Result:
    say(f"{name}: {sessions} session(s), {seconds:.0f} s")
    with tempfile.TemporaryDirectory(prefix="ytk-bench") as folder:
        server = await start_server(name, Path(folder), bench_config())
        load = Load(server, material, Path(folder), name == "yuntakan")
        try:
            for _ in range(sessions):
                await load.add_session()
            await asyncio.sleep(WARM_UP_S)
            return await read_figures(load, seconds)
        finally:
            await load.aclose()
            await server.aclose()
