"""Time stamps of checkpoints by outside authorities, kept without ever holding up a call or an act.

`Stamping` owns a planner, which puts what is due into the durable queue, and one task for each authority, which works
it off. The queue holds at most one checkpoint for each inspection and authority: a newer one covers an older. What an
authority does not give is declared in the ledger once for each outage, and asked for again at growing intervals, also
after a restart.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from inspection.domain.actor import SYSTEM
from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import Entry, EntryDraft
from inspection.domain.errors import InspectionError, Kind
from inspection.services.ledger import append
from inspection.services.ports import Clock, UnitOfWork
from inspection.services.stamp_schedule import StampSchedule
from inspection.services.stamping_ports import Stamped, StampFailed, StampWanted, TimestampAuthority, TokenStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StampingConfig:
    """`every_s`: how often a growing ledger is stamped. `batch`: so many are looked at in one go."""

    every_s: float = 300.0
    first_retry_s: float = 2.0
    last_retry_s: float = 600.0
    batch: int = 50


@dataclass(frozen=True, slots=True)
class StampingStore:
    """Where stamps are kept. `publish` gets the entries after their commit."""

    uow: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
    reading: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
    tokens: TokenStore
    clock: Clock
    publish: Callable[[tuple[Entry, ...]], None]


class Stamping:
    """See the module. `now_s` is a monotonic clock."""

    def __init__(
        self,
        store: StampingStore,
        authorities: Sequence[TimestampAuthority],
        now_s: Callable[[], float],
        config: StampingConfig = StampingConfig(),
    ) -> None:
        self._store = store
        self._now_s = now_s
        self._config = config
        self._schedule = StampSchedule(config.every_s)
        self._changed = asyncio.Event()
        self._keeping = _Keeping(store, self._schedule)
        self._lines = [_Line(authority, store, self._keeping, config) for authority in authorities]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Goes on with what an earlier run left; once."""
        if self._tasks:
            return
        self._tasks = [asyncio.create_task(line.run(), name=f"stamps-{line.authority.number}") for line in self._lines]
        self._tasks.append(asyncio.create_task(self._plan(), name="stamps"))

    def take(self, inspection_id: str, checkpoint: Checkpoint) -> None:
        """A checkpoint was made. Never waits, never raises."""
        if not self._lines:
            return
        if not self._schedule.note(inspection_id, checkpoint):
            _log.error("too many inspections grow at once: %s is not stamped now", inspection_id)
        self._changed.set()

    def close_session(self, inspection_id: str) -> None:
        """A session is over: the end of its ledger is stamped soon, whenever the last stamp was."""
        if self._lines:
            self._schedule.close(inspection_id, self._now_s())
            self._changed.set()

    async def aclose(self) -> None:
        """What waits, waits in the database. Idempotent."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _plan(self) -> None:
        await _safely(self._give_up_strangers)
        while True:
            wait_s = self._schedule.wait_s(self._now_s())
            if wait_s != 0:
                await _wait(self._changed, wait_s)
            due = self._schedule.take_due(self._now_s())
            await self._queue_in_the_end(due)

    async def _queue_in_the_end(self, due: Sequence[tuple[str, Checkpoint]]) -> None:
        while due and not await _safely(partial(self._queue, due)):  # noqa: ASYNC110  (a pause between tries)
            await asyncio.sleep(self._config.first_retry_s)

    async def _queue(self, due: Sequence[tuple[str, Checkpoint]]) -> bool:
        """Puts it into the database: durable on return."""
        now = self._store.clock.now()
        async with self._store.uow() as uow:
            for inspection_id, head in due:
                for line in self._lines:
                    name = line.authority.name
                    await uow.stamps.put(StampWanted(inspection_id, name, head.size, head.root, head.to_line(), now))
            await uow.commit()
        for line in self._lines:
            line.wake()
        return True

    async def _give_up_strangers(self) -> bool:
        """What waits for authorities that the office no longer has is declared, and waits no more."""
        known = {line.authority.name for line in self._lines}
        async with self._store.reading() as uow:
            gone = [name for name in await uow.stamps.list_authorities() if name not in known]
        for name in gone:
            while waiting := await _waiting(self._store, name, self._config.batch):
                for wanted in waiting:
                    await self._keeping.give_up(wanted)
        return True


class _Keeping:
    """Puts stamps, and their lack, on record."""

    def __init__(self, store: StampingStore, schedule: StampSchedule) -> None:
        self._store = store
        self._schedule = schedule

    async def keep(self, authority: TimestampAuthority, wanted: StampWanted, stamped: Stamped) -> None:
        """The file first, durable, then the entry that names it."""
        place = (wanted.inspection_id, wanted.size, authority.number)
        kept = await self._store.tokens.write_timestamp(*place, stamped.token)
        payload = {
            "authority": authority.name,
            "size": wanted.size,
            "root": wanted.root,
            "token_sha256": kept.sha256,
            "file": kept.file,
            "gen_time": stamped.facts.gen_time,
            "is_test": authority.is_test,
        }
        await self._append(wanted, EntryDraft("timestamp", SYSTEM, None, payload), is_over=True)

    async def declare(self, wanted: StampWanted, cause: str) -> None:
        """Says in the ledger that this stamp is missing, where nothing says it yet."""
        if not wanted.declared:
            await self._append(wanted, _missing(wanted, cause), is_over=False)

    async def give_up(self, wanted: StampWanted) -> None:
        """Nobody can be asked for it any more."""
        await self._append(wanted, _missing(wanted, "not_configured"), is_over=True)

    async def _append(self, wanted: StampWanted, draft: EntryDraft, *, is_over: bool) -> None:
        self._schedule.note_own(wanted.inspection_id, 1)  # before the commit, which tells of the new checkpoint
        try:
            async with self._store.uow() as uow:
                entries = await append(uow, wanted.inspection_id, [draft])
                await (uow.stamps.remove(wanted) if is_over else uow.stamps.declare(wanted))
                await uow.commit()
        except BaseException:
            self._schedule.note_own(wanted.inspection_id, -1)
            raise
        self._store.publish(entries)


class _Line:
    """The line before one authority: served one by one; while it is out, tried at growing intervals.

    It goes on after what was tried last, so that those which fail again and again hold up nobody behind them.
    """

    def __init__(
        self, authority: TimestampAuthority, store: StampingStore, keeping: _Keeping, config: StampingConfig
    ) -> None:
        self.authority = authority
        self._store = store
        self._keeping = keeping
        self._config = config
        self._changed = asyncio.Event()
        self._changed.set()  # what an earlier run left is there already
        self._outage: StampFailed | None = None
        self._last: StampWanted | None = None

    def wake(self) -> None:
        """Something was queued."""
        self._changed.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        retry_s = self._config.first_retry_s
        while True:
            await self._changed.wait()
            self._changed.clear()
            while not await _safely(self._serve):
                await self._rest(retry_s)
                retry_s = min(retry_s * 2, self._config.last_retry_s)
            retry_s = self._config.first_retry_s

    async def _serve(self) -> bool:
        """Asks for everything that waits, until the authority is out; whether nothing is left."""
        if self._last is not None and not await self._go_on():
            return False
        return await self._go_on()

    async def _go_on(self) -> bool:
        """From after what was tried last to the end of the line; whether all of that is stamped."""
        failures = 0
        while waiting := await self._waiting(after=self._last):
            for wanted in waiting:
                self._last = wanted
                failed = await self._serve_one(wanted)
                if isinstance(failed, StampFailed) and not failed.is_of_one:
                    return await self._begin_outage(failed)
                failures += failed is not None
        self._last = None
        return failures == 0

    async def _serve_one(self, wanted: StampWanted) -> StampFailed | InspectionError | None:
        """What went wrong. Raises InspectionError, `unavailable`, where nothing can be kept now."""
        try:
            stamped = await self.authority.stamp(wanted.line)
        except StampFailed as error:
            _log.warning("no time stamp of %s for %s: %s", self.authority.name, wanted.inspection_id, error)
            await _of_one(self._keeping.declare(wanted, error.cause))
            return error
        self._outage = None
        return await _of_one(self._keeping.keep(self.authority, wanted, stamped))

    async def _begin_outage(self, failed: StampFailed) -> bool:
        self._outage = failed
        await self._declare_outage()
        return False

    async def _rest(self, rest_s: float) -> None:
        """What comes meanwhile is declared at once: nobody has to wait for the next try to learn of the outage."""
        end_s = asyncio.get_running_loop().time() + rest_s
        while (left_s := end_s - asyncio.get_running_loop().time()) > 0:
            if await _wait(self._changed, left_s):
                await _safely(self._declare_outage)

    async def _declare_outage(self) -> bool:
        last: StampWanted | None = None
        while self._outage is not None and (missing := await self._waiting(undeclared=True, after=last)):
            for wanted in missing:
                last = wanted
                await _of_one(self._keeping.declare(wanted, self._outage.cause))
        return True

    async def _waiting(self, undeclared: bool = False, after: StampWanted | None = None) -> list[StampWanted]:
        return await _waiting(self._store, self.authority.name, self._config.batch, undeclared, after)


async def _of_one(keeping: Awaitable[None]) -> InspectionError | None:
    """A refusal that is of this inspection alone, as where its ledger is damaged. Raises all others."""
    try:
        await keeping
    except InspectionError as error:
        if error.kind is Kind.UNAVAILABLE:
            raise
        _log.error("a time stamp, or its lack, cannot be put on record: %s", error)
        return error
    return None


def _missing(wanted: StampWanted, cause: str) -> EntryDraft:
    payload = {"authority": wanted.authority, "size": wanted.size, "cause": cause}
    return EntryDraft("timestamp_failed", SYSTEM, None, payload)


async def _waiting(
    store: StampingStore, authority: str, limit: int, undeclared: bool = False, after: StampWanted | None = None
) -> list[StampWanted]:
    async with store.reading() as uow:
        return await uow.stamps.list_waiting(authority, limit, undeclared, after)


async def _safely(work: Callable[[], Awaitable[bool]]) -> bool:
    """False where it failed: what waits is durable, so that it can be tried again."""
    try:
        return await work()
    except InspectionError as error:
        _log.warning("time stamps cannot be kept (%s), tries again", error.code)
    except Exception:  # whatever it was, it must not end the line of everything behind it
        _log.exception("time stamps cannot be kept")
    return False


async def _wait(event: asyncio.Event, timeout_s: float | None) -> bool:
    """Whether the event came in time; it is cleared then."""
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
