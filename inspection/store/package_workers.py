"""Other processes of this machine that do the verifier's jobs side by side."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing.pool import ApplyResult, Pool
from typing import TypeVar

from inspection.domain.verification import Alone, Workers

A = TypeVar("A")
R = TypeVar("R")

#: Jobs that are handed out before the oldest is back: one long job holds nobody up, and results wait in little memory.
MOST_AHEAD = 128


class ProcessWorkers:
    """A pool of processes, made before any thread is: they are forks."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def ordered(self, work: Callable[[A], R], asked: Iterable[A]) -> Iterator[R]:
        """As `Workers`; what a job raises is raised here."""
        waiting: deque[ApplyResult[R]] = deque()
        for one in asked:
            waiting.append(self._pool.apply_async(work, (one,)))
            if len(waiting) >= MOST_AHEAD:
                yield waiting.popleft().get()
        while waiting:
            yield waiting.popleft().get()


@contextmanager
def open_workers(processes: int | None = None) -> Iterator[Workers]:
    """As many as there are cores, unless told; below two everything is done here. They are gone when it ends."""
    count = os.cpu_count() or 1 if processes is None else processes
    if count < 2:
        yield Alone()
        return
    pool = multiprocessing.get_context("fork").Pool(count)
    try:
        yield ProcessWorkers(pool)
    finally:
        pool.terminate()
        pool.join()
