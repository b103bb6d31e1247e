"""`yuntakan bench verify`: how long a package of an hour takes to verify, with and without its page signatures."""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from inspection.domain.verification import State, Verdict
from inspection.domain.verification_package import Asked
from inspection.store.package_files import verify_file
from inspection.store.package_workers import open_workers
from web.bench.synthetic_hour import SyntheticHour, crc32_of, json_line
from web.frame_check import FrameCheck


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options."""
    parser.add_argument("--seconds", type=int, default=3600, help="length of the recording (default: an hour)")
    parser.add_argument("--stills", type=int, default=600)
    parser.add_argument("--jobs", type=int, help="processes (default: one for each core)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to make the package (default: a temporary folder)")


def run(arguments: argparse.Namespace) -> int:
    """Makes the package once, reads it once to warm the cache, then verifies it in turn without and with signatures."""
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        package, key = SyntheticHour(Path(folder), arguments.seconds, arguments.stills, page_signed=True).make()
        print(json_line({"package_bytes": package.stat().st_size, "seconds": arguments.seconds}), flush=True)
        crc32_of(package)
        for number in range(arguments.runs):
            for signatures in (False, True):
                before_s = _cpu_s()
                took_s, verdict = _verify(package, key, arguments.jobs, signatures)
                said: dict[str, Any] = {"run": number + 1, "page_signatures": signatures, "seconds": round(took_s, 2)}
                said["cpu_seconds"] = round(_cpu_s() - before_s, 2)
                said |= {"verdict": str(verdict.state), "cores": os.cpu_count(), **_memory()}
                print(json_line(said), flush=True)
                if verdict.state is not State.WHOLE:
                    return 1
    return 0


def _verify(package: Path, key: bytes, jobs: int | None, signatures: bool) -> tuple[float, Verdict]:
    """From nothing to the verdict, processes and all."""
    started_s = time.perf_counter()
    with open_workers(jobs) as workers, FrameCheck(jobs) as frames:
        asked = Asked(trusted_keys=(key,), count_frames=frames if signatures else None, workers=workers)
        verdict = verify_file(package, asked=asked)
    return time.perf_counter() - started_s, verdict


def _memory() -> dict[str, int]:
    """Peaks so far, of this process and of the largest of the others, in MB."""
    own, others = (one.ru_maxrss // 1024 for one in _usage())
    return {"peak_mb": own, "peak_of_others_mb": others}


def _cpu_s() -> float:
    """Processor time of this process and of those that ended."""
    return sum(one.ru_utime + one.ru_stime for one in _usage())


def _usage() -> tuple[resource.struct_rusage, resource.struct_rusage]:
    return resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
