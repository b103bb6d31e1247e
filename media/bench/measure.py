"""Readings of a process under test: CPU over all its processes and threads, memory, handles."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def family(pid: int) -> Iterator[int]:
    """The process and all its descendants that are alive."""
    yield pid
    for task in _tasks(pid):
        try:
            children = (task / "children").read_text().split()
        except OSError:  # the thread ended meanwhile
            continue
        for child in children:
            yield from family(int(child))


def cpu_ns(pid: int) -> int:
    """Time on a CPU of all threads of the process and its descendants, in nanoseconds (the scheduler's own count)."""
    return sum(_thread_ns(task) for member in family(pid) for task in _tasks(member))


def rss_mb(pid: int) -> float:
    """Resident memory of the process and its descendants."""
    return sum(_pages(member) for member in family(pid)) * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_handles(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def thread_count(pid: int) -> int:
    return len(_tasks(pid))


def percentile_ms(values_us: list[int], share: float) -> float | None:
    """None where nothing was measured."""
    if not values_us:
        return None
    ordered = sorted(values_us)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] / 1000, 3)


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:  # the process ended meanwhile
        return []


def _thread_ns(task: Path) -> int:
    try:
        return int((task / "schedstat").read_text().split()[0])
    except OSError:  # the thread ended meanwhile
        return 0


def _pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:  # the process ended meanwhile
        return 0
