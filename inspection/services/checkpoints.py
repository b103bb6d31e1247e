"""The task that makes those checkpoints which no append makes.

An append leaves its last entries without a checkpoint when the one before is younger than `CHECKPOINT_AGE`; if
nothing is appended after it, `CheckpointKeeper` signs the head when that time is over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from inspection.domain.errors import InspectionError, Kind
from inspection.services.ledger import close_ledger
from inspection.services.ledger_ports import LedgerGrowth
from inspection.services.ports import UnitOfWork

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckpointKeeperConfig:
    """At most `group` inspections are closed in one transaction. An inspection that fails waits longer every time."""

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
    ) -> None:
        self._open_uow = open_uow
        self._config = config
        self._now_s = now_s
        self._due_s: dict[str, float] = {}
        self._retry_s: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Closes what an earlier run left behind, from now on in the background; once."""
        if self._task is not None:
            return
        async with self._open_uow() as uow:
            behind = await uow.checkpoints.list_behind()
        self._due_s |= dict.fromkeys(behind, self._now_s())
        self._task = asyncio.create_task(self._run(), name="checkpoint-keeper")

    def grown(self, growth: LedgerGrowth) -> None:
        """What a commit did to a ledger."""
        if growth.due_s is None:
            self._due_s.pop(growth.inspection_id, None)
            return
        self._due_s.setdefault(growth.inspection_id, self._now_s() + growth.due_s)
        self._changed.set()

    async def aclose(self) -> None:
        """Ends the task and signs what is open; what cannot be signed now, the next start does. Idempotent."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait({task})
        waiting, self._due_s = list(self._due_s), {}
        if failed := await self._close(waiting):
            _log.warning("%d ledgers end without a checkpoint", len(failed))

    async def _run(self) -> None:
        while True:
            due = await self._wait_for_due()
            for inspection_id in due:
                del self._due_s[inspection_id]
            failed = await self._close(due)
            for inspection_id in due:
                if inspection_id in failed:
                    self._try_later(inspection_id)
                else:
                    self._retry_s.pop(inspection_id, None)

    def _try_later(self, inspection_id: str) -> None:
        """Each waits for itself, so that none of them holds up the others."""
        delay_s = self._retry_s.get(inspection_id, self._config.first_retry_s)
        self._retry_s[inspection_id] = min(delay_s * 2, self._config.last_retry_s)
        self._due_s.setdefault(inspection_id, self._now_s() + delay_s)

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

    async def _close(self, inspection_ids: list[str]) -> set[str]:
        """Those that could not be closed, and are worth another try."""
        if not inspection_ids:
            return set()
        try:
            await self._close_at_once(inspection_ids)
            return set()
        except Exception as error:  # whatever the database has: the next try or the next append makes up for it
            _log.warning("no checkpoint for %d ledgers (%s), tries again", len(inspection_ids), error)
            if len(inspection_ids) == 1 or _concerns_all(error):
                return set(inspection_ids)
        failed: set[str] = set()
        for inspection_id in inspection_ids:
            failed |= await self._close([inspection_id])
        return failed

    async def _close_at_once(self, inspection_ids: list[str]) -> None:
        async with self._open_uow() as uow:
            for inspection_id in inspection_ids:
                try:
                    await close_ledger(uow, inspection_id)
                except InspectionError as error:
                    if error.kind is Kind.UNAVAILABLE:
                        raise
                    _log.error("inspection %s gets no checkpoint: %s", inspection_id, error)
            await uow.commit()


def _concerns_all(error: Exception) -> bool:
    """The database or the key is away: no inspection fares better alone."""
    return isinstance(error, InspectionError) and error.kind is Kind.UNAVAILABLE
