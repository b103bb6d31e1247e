"""Other processes of this machine that do the verifier's jobs side by side."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from inspection.domain.verification import Alone, Workers

A = TypeVar("A")
R = TypeVar("R")

#: Jobs that are handed out before the oldest is back: one long job holds nobody up, and results wait in little memory.
MOST_AHEAD = 128


class ProcessWorkers:
    """Processes that wait for jobs. One that dies fails the jobs instead of leaving them without an answer."""

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def ordered(self, work: Callable[[A], R], asked: Iterable[A]) -> Iterator[R]:
        """As `Workers`; what a job raises is raised here."""
        waiting: deque[Future[R]] = deque()
        try:
            for one in asked:
                waiting.append(self._pool.submit(work, one))
                if len(waiting) >= MOST_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for left in waiting:
                left.cancel()


@contextmanager
def open_workers(processes: int | None = None) -> Iterator[Workers]:
    """As many as there are cores, unless told; below two everything is done here. They are gone when it ends.

    They are forks, and all made here: call it before anything runs beside.
    """
    count = os.cpu_count() or 1 if processes is None else processes
    if count < 2:
        yield Alone()
        return
    with ProcessPoolExecutor(count, multiprocessing.get_context("fork")) as pool:
        pool.submit(os.getpid).result()
        try:
            yield ProcessWorkers(pool)
        finally:
            pool.shutdown(cancel_futures=True)
