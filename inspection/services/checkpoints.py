"""Who hears of new checkpoints, and the task that makes those which no append makes.

An append leaves its last entries without a checkpoint when the one before is younger than `CHECKPOINT_AGE`; if
nothing is appended after it, `CheckpointKeeper` signs the head when that time is over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.errors import InspectionError, Kind
from inspection.services.ledger import close_ledger
from inspection.services.ledger_ports import LedgerGrowth, LedgerNews
from inspection.services.ports import UnitOfWork

_log = logging.getLogger(__name__)

OnCheckpoint = Callable[[str, Checkpoint], None]
"""`(inspection_id, checkpoint)`: on the event loop, after the commit; must neither block nor raise."""


class CheckpointFeed:
    """Tells listeners of committed checkpoints: of each commit and inspection the newest one, in order."""

    def __init__(self) -> None:
        self._listeners: list[LedgerNews] = []

    def listen(self, on_checkpoint: OnCheckpoint) -> Callable[[], None]:
        """From now on; the result ends it and may be called twice."""
        return self.follow(_OfCheckpoints(on_checkpoint))

    def follow(self, listener: LedgerNews) -> Callable[[], None]:
        """Like `listen`, for whoever must hear of entries without a checkpoint too."""
        self._listeners.append(listener)

        def leave() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return leave

    def grown(self, growth: LedgerGrowth) -> None:
        """For the store: what a commit did. A listener that fails costs nobody else the news."""
        for listener in tuple(self._listeners):
            try:
                listener.grown(growth)
            except Exception:  # committed already: nothing here may look like a failed commit
                _log.exception("a listener to checkpoints failed")


@dataclass(frozen=True, slots=True, eq=False)
class _OfCheckpoints:
    on_checkpoint: OnCheckpoint

    def grown(self, growth: LedgerGrowth) -> None:
        if growth.checkpoint is not None:
            self.on_checkpoint(growth.inspection_id, growth.checkpoint)


@dataclass(frozen=True, slots=True)
class CheckpointKeeperConfig:
    """At most `group` inspections are closed in one transaction."""

    group: int = 20
    first_retry_s: float = 0.2
    last_retry_s: float = 5.0


class CheckpointKeeper:
    """Owns one task. What it holds is one instant for each inspection whose last entries have no checkpoint yet."""

    def __init__(
        self,
        open_uow: Callable[[], AbstractAsyncContextManager[UnitOfWork]],
        config: CheckpointKeeperConfig = CheckpointKeeperConfig(),
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._open_uow = open_uow
        self._config = config
        self._now_s = now_s
        self._sleep = sleep
        self._due_s: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Closes what an earlier run left behind, from now on in the background; once."""
        if self._task is not None:
            return
        async with self._open_uow() as uow:
            behind = await uow.checkpoints.list_behind()
        for inspection_id in behind:
            self._due_s.setdefault(inspection_id, self._now_s())
        self._task = asyncio.create_task(self._run(), name="checkpoint-keeper")

    def grown(self, growth: LedgerGrowth) -> None:
        """What a commit did to a ledger."""
        if growth.due_s is None:
            self._due_s.pop(growth.inspection_id, None)
            return
        self._due_s.setdefault(growth.inspection_id, self._now_s() + growth.due_s)
        self._changed.set()

    async def aclose(self) -> None:
        """Ends the task; the next start closes what is open. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self) -> None:
        delay_s = self._config.first_retry_s
        while True:
            due = await self._wait_for_due()
            for inspection_id in due:
                del self._due_s[inspection_id]
            try:
                await self._close(due)
                delay_s = self._config.first_retry_s
            except Exception as error:  # whatever the database has: the next try or the next append makes up for it
                _log.warning("no checkpoint (%s), tries again in %.1f s", error, delay_s)
                for inspection_id in due:
                    self._due_s.setdefault(inspection_id, self._now_s())
                await self._sleep(delay_s)
                delay_s = min(delay_s * 2, self._config.last_retry_s)

    async def _wait_for_due(self) -> list[str]:
        """Inspections whose time has come, the longest waiting first."""
        while True:
            self._changed.clear()
            now_s = self._now_s()
            waiting = sorted(self._due_s, key=self._due_s.__getitem__)
            due = [inspection_id for inspection_id in waiting if self._due_s[inspection_id] <= now_s]
            if due:
                return due[: self._config.group]
            await self._wait_until(self._due_s[waiting[0]] - now_s if waiting else None)

    async def _wait_until(self, delay_s: float | None) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._changed.wait()
        except TimeoutError:
            pass  # it is time

    async def _close(self, inspection_ids: list[str]) -> None:
        async with self._open_uow() as uow:
            for inspection_id in inspection_ids:
                try:
                    await close_ledger(uow, inspection_id)
                except InspectionError as error:
                    if error.kind is Kind.UNAVAILABLE:
                        raise
                    _log.error("inspection %s gets no checkpoint: %s", inspection_id, error)
            await uow.commit()
