"""Facts of the media plane on their way into the ledger: in order, many in one transaction.

`MediaLedger` owns one bounded queue and one task. A fact waits at most `group_s` for company before its commit.
While the database is away facts wait, and the commit is tried again at growing intervals. When the queue is full,
a fact is lost, and the loss itself becomes a `gap` entry of cause `ledger` as soon as there is room.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from inspection.domain.actor import SYSTEM
from inspection.domain.canonical import canonical_bytes
from inspection.domain.entry import Entry, EntryDraft
from inspection.domain.entry_kinds import check_payload
from inspection.domain.errors import InspectionError, Kind
from inspection.domain.instants import rfc3339_ms
from inspection.services.ledger import append
from inspection.services.ports import Clock, UnitOfWork

_log = logging.getLogger(__name__)

Publish = Callable[[tuple[Entry, ...]], Awaitable[None]]
Fact = tuple[str, EntryDraft]


@dataclass(frozen=True, slots=True)
class MediaLedgerConfig:
    """`capacity` facts wait at most; `batch` of them go into one transaction."""

    capacity: int = 20_000
    batch: int = 500
    group_s: float = 0.05
    first_retry_s: float = 0.05
    last_retry_s: float = 5.0
    drain_s: float = 10.0


@dataclass(slots=True)
class _Loss:
    """What was lost of one session since the queue was full."""

    started_at: datetime
    ended_at: datetime
    facts: int


class MediaLedger:
    """See the module. `publish` gets each transaction's entries after its commit, in order."""

    def __init__(
        self,
        open_uow: Callable[[], AbstractAsyncContextManager[UnitOfWork]],
        clock: Clock,
        publish: Publish,
        config: MediaLedgerConfig = MediaLedgerConfig(),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._open_uow = open_uow
        self._clock = clock
        self._publish = publish
        self._config = config
        self._sleep = sleep
        self._waiting: deque[Fact] = deque()
        self._losses: dict[tuple[str, str], _Loss] = {}
        self._changed = asyncio.Event()
        self._settled = asyncio.Condition()
        self._offered = 0
        self._done = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the task; once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="media-ledger")

    def offer(self, inspection_id: str, draft: EntryDraft) -> bool:
        """Takes a fact without waiting; False where it was lost because the queue is full or closed.

        Raises PayloadError or CanonicalError for a fact that is malformed: a bug of the caller.
        """
        check_payload(draft.kind, draft.payload)
        canonical_bytes(draft.payload)
        if self._closing:
            _log.error("media ledger is closed: a %s fact comes too late", draft.kind)
            return False
        if len(self._waiting) >= self._config.capacity:
            self._note_loss(inspection_id, draft)
            return False
        self._tell_losses()
        self._enqueue(inspection_id, draft)
        return True

    async def settled(self) -> None:
        """Returns when every fact that was offered before is committed (or given up with a log line)."""
        target = self._offered
        async with self._settled:
            await self._settled.wait_for(lambda: self._done >= target or self._is_over())

    async def aclose(self) -> None:
        """Takes no more facts, commits those that wait, within `drain_s`. Idempotent."""
        self._closing = True
        self._changed.set()
        task = self._task
        if task is None:
            return
        done, _ = await asyncio.wait({task}, timeout=self._config.drain_s)
        if not done:
            _log.error("media ledger closed with %d facts uncommitted", len(self._waiting))
            task.cancel()
            await asyncio.wait({task})
        async with self._settled:
            self._settled.notify_all()

    def _is_over(self) -> bool:
        return self._task is not None and self._task.done()

    def _enqueue(self, inspection_id: str, draft: EntryDraft) -> None:
        self._waiting.append((inspection_id, draft))
        self._offered += 1
        self._changed.set()

    def _note_loss(self, inspection_id: str, draft: EntryDraft) -> None:
        now = self._clock.now()
        session_id = str(draft.payload.get("session_id", "unknown"))
        loss = self._losses.setdefault((inspection_id, session_id), _Loss(now, now, 0))
        if loss.facts == 0:
            _log.error("media ledger full: facts of session %s are lost from now on", session_id)
        loss.ended_at = now
        loss.facts += 1

    def _tell_losses(self) -> None:
        losses, self._losses = self._losses, {}
        for (inspection_id, session_id), loss in losses.items():
            self._enqueue(inspection_id, _gap(session_id, loss))

    async def _run(self) -> None:
        while await self._facts_wait():
            if not self._closing:
                await self._sleep(self._config.group_s)
            batch = list(islice(self._waiting, self._config.batch))
            await self._commit_in_the_end(batch)
            for _ in batch:
                self._waiting.popleft()
            async with self._settled:
                self._done += len(batch)
                self._settled.notify_all()

    async def _facts_wait(self) -> bool:
        """Waits for a fact; False when there is none and none will come."""
        while not self._waiting:
            self._tell_losses()
            if self._waiting:
                break
            if self._closing:
                return False
            self._changed.clear()
            await self._changed.wait()
        return True

    async def _commit_in_the_end(self, batch: list[Fact]) -> None:
        """Tries until it works. A refusal that waiting cannot cure costs one inspection its facts, with a log line."""
        delay_s = self._config.first_retry_s
        groups = [batch]
        while groups:
            try:
                await self._commit(groups[0])
                groups.pop(0)
            except InspectionError as error:
                if error.kind is not Kind.UNAVAILABLE:
                    groups = self._without_refused(groups, error)
                    continue
                delay_s = await self._wait_to_retry(delay_s, error)
            except Exception as error:  # the database's own errors: whatever they are, the facts must not be lost
                delay_s = await self._wait_to_retry(delay_s, error)

    def _without_refused(self, groups: list[list[Fact]], error: InspectionError) -> list[list[Fact]]:
        """Splits a refused group by inspection; a group of one inspection is given up."""
        first, rest = groups[0], groups[1:]
        by_inspection = list(_by_inspection(first).values())
        if len(by_inspection) > 1:
            return by_inspection + rest
        _log.error("media ledger: %d facts of inspection %s refused: %s", len(first), first[0][0], error.code)
        return rest

    async def _wait_to_retry(self, delay_s: float, error: Exception) -> float:
        _log.warning("media ledger cannot commit (%s), tries again in %.2f s", type(error).__name__, delay_s)
        await self._sleep(delay_s)
        return min(delay_s * 2, self._config.last_retry_s)

    async def _commit(self, facts: list[Fact]) -> None:
        entries: list[Entry] = []
        async with self._open_uow() as uow:
            for inspection_id, group in _by_inspection(facts).items():
                entries.extend(await append(uow, inspection_id, [draft for _, draft in group]))
            await uow.commit()
        await self._tell(tuple(entries))

    async def _tell(self, entries: tuple[Entry, ...]) -> None:
        try:
            await self._publish(entries)
        except Exception:  # committed already: a deaf listener must not make us commit twice
            _log.exception("media ledger: publishing failed")


def _by_inspection(facts: Iterable[Fact]) -> dict[str, list[Fact]]:
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact[0], []).append(fact)
    return groups


def _gap(session_id: str, loss: _Loss) -> EntryDraft:
    payload = {
        "session_id": session_id,
        "cause": "ledger",
        "started_at": rfc3339_ms(loss.started_at),
        "ended_at": rfc3339_ms(loss.ended_at),
        "packets": loss.facts,
    }
    return EntryDraft("gap", SYSTEM, session_id, payload)
