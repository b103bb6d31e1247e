"""Readings of a process under test: CPU over all its threads, and memory."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_ns(pid: int) -> int:
    """Time on a CPU of all threads that are alive, in nanoseconds (the scheduler's own count)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:  # the thread ended meanwhile
            continue
    return total


def rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def percentile_ms(values_us: list[int], share: float) -> float | None:
    """None where nothing was measured."""
    if not values_us:
        return None
    ordered = sorted(values_us)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1000, 3)
