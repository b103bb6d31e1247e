"""A line of jobs that are done one at a time in the background."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

MOST_WAITING = 200

_log = logging.getLogger(__name__)

J = TypeVar("J")


class JobLine(Generic[J]):
    """Owner of the task that runs them. What a job lets out is logged. Where MOST_WAITING wait, `ask` says no."""

    def __init__(self, run: Callable[[J], Awaitable[None]]) -> None:
        self._run = run
        self._waiting: dict[J, None] = {}
        self._doing: J | None = None
        self._asked = asyncio.Event()
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    def holds(self, job: J) -> bool:
        """Whether it waits or is being done."""
        return job in self._waiting or job == self._doing

    def ask(self, job: J) -> bool:
        """Never waits. False where too many wait already."""
        if self.holds(job):
            return True
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting[job] = None
        self._asked.set()
        return True

    async def settled(self) -> None:
        """Returns once nothing waits and nothing is being done."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._waiting and self._doing is None)

    async def aclose(self) -> None:
        """What is being done is given up. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _work(self) -> None:
        while True:
            await self._asked.wait()
            while self._waiting:
                job = next(iter(self._waiting))
                self._doing = job
                del self._waiting[job]
                try:
                    await self._run(job)
                except Exception:  # the jobs behind it must not wait for ever
                    _log.exception("a job failed: %s", job)
                self._doing = None
                async with self._changed:
                    self._changed.notify_all()
            self._asked.clear()
