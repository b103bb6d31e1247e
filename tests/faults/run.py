"""`python -m tests.faults.run SCENARIO [--seed N] [--minutes M] [--json]`: a call on a bad network.

As root, with Chromium. Ends with 1 where the figures fall short of what is required.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.faults.call import live_call
from tests.faults.marked_clip import write_marked_clip
from tests.faults.network import why_not
from tests.faults.scenarios import SCENARIOS


async def play(name: str, seed: int, minutes: float, folder: Path) -> dict[str, Any]:
    """The figures of one scenario, with what falls short."""
    scenario = SCENARIOS[name]
    clip = write_marked_clip(folder / "clip.y4m", pans=scenario.pans)
    async with live_call(folder, clip, seed) as call:
        figures = await scenario.play(call, minutes)
        counts = call.network.counts()
    return {
        "scenario": name,
        "says": scenario.says,
        "seed": seed,
        **figures,
        "network": {leg: counts[leg] for leg in ("phone.up", "phone.down", "hub")},
        "load": round(os.getloadavg()[0], 1),
        "falls_short": scenario.required(figures),
    }


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.run", description=__doc__)
    parser.add_argument("scenario", choices=sorted(SCENARIOS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long the line is watched [1]")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    args = parser.parse_args(argv)
    reason = why_not()
    if reason is not None:
        print(reason, file=sys.stderr)
        return 2
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ytk-call") as folder:
        result = asyncio.run(play(args.scenario, args.seed, args.minutes, Path(folder)))
    result["took_s"] = round(time.monotonic() - began_s)
    if args.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name}: {value}" for name, value in result.items()))
    return 1 if result["falls_short"] else 0


if __name__ == "__main__":
    sys.exit(main())
