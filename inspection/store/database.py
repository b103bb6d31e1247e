"""The embedded database: one file, one writer at a time, durable before acknowledged."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from inspection.domain.errors import InspectionError, Kind, not_found
from inspection.services.ledger_ports import CheckpointRows, KeyRows, LedgerGrowth, LedgerNews
from inspection.services.ports import (
    AttemptRows,
    CheckRows,
    Clock,
    CommandRows,
    EntryRows,
    FindingRows,
    InspectionRows,
    InvitationRows,
    LoginRows,
    ParticipantRows,
    PlaceRows,
    SessionRows,
    Signer,
    StillRows,
    UnitOfWork,
    UserRows,
    VisitRows,
)
from inspection.services.privacy_ports import DataKeyRows, ErasureRows
from inspection.services.stamping_ports import StampRows
from inspection.store.append_only import authorize
from inspection.store.data_keys import DataKeys, KeyRing
from inspection.store.master_key import MasterKey
from inspection.store.reserve import LedgerReserve
from inspection.store.rows.cases import SqlInspections, SqlInvitations, SqlParticipants, SqlSessions
from inspection.store.rows.erasure_rows import SqlErasures
from inspection.store.rows.ledger_rows import SqlEntries
from inspection.store.rows.observed import SqlChecks, SqlFindings, SqlPlaces, SqlStills, SqlVisits
from inspection.store.rows.people import SqlAttempts, SqlCommands, SqlLogins, SqlUsers
from inspection.store.rows.proof_rows import SqlCheckpoints, SqlKeys
from inspection.store.rows.stamp_rows import SqlStamps
from inspection.store.storage_codes import STORAGE_CODES, find_primary_code
from inspection.store.traces import wipe

BUSY_TIMEOUT_S = 5.0
_WRITING = "yuntakan_writing"
_WAL_RESET_FAULT = ((3, 7, 0), (3, 51, 2))


class SqlUnitOfWork:
    """One transaction on one connection; see `inspection.services.ports.UnitOfWork`."""

    def __init__(
        self, connection: AsyncConnection, signer: Signer, clock: Clock, ring: KeyRing, news: LedgerNews | None = None
    ) -> None:
        keys = DataKeys(connection, ring)
        self._connection = connection
        self._news = news
        self._growths: list[LedgerGrowth] = []
        self.signer = signer
        self.clock = clock
        self.users: UserRows = SqlUsers(connection, keys)
        self.logins: LoginRows = SqlLogins(connection)
        self.attempts: AttemptRows = SqlAttempts(connection)
        self.commands: CommandRows = SqlCommands(connection, keys)
        self.inspections: InspectionRows = SqlInspections(connection, keys)
        self.sessions: SessionRows = SqlSessions(connection, keys)
        self.participants: ParticipantRows = SqlParticipants(connection, keys)
        self.invitations: InvitationRows = SqlInvitations(connection)
        self.findings: FindingRows = SqlFindings(connection, keys)
        self.stills: StillRows = SqlStills(connection)
        self.checks: CheckRows = SqlChecks(connection, keys)
        self.places: PlaceRows = SqlPlaces(connection)
        self.visits: VisitRows = SqlVisits(connection, keys)
        self.entries: EntryRows = SqlEntries(connection, keys)
        self.checkpoints: CheckpointRows = SqlCheckpoints(connection)
        self.keys: KeyRows = SqlKeys(connection)
        self.stamps: StampRows = SqlStamps(connection)
        self.data_keys: DataKeyRows = keys
        self.erasures: ErasureRows = SqlErasures(connection)

    def note_growth(self, growth: LedgerGrowth) -> None:
        """Kept until the commit."""
        self._growths.append(growth)

    async def commit(self) -> None:
        """Durable on return; the unit of work is over. One that fails leaves nothing behind, no lock either."""
        try:
            await self._connection.commit()
        except BaseException:
            # SQLite keeps a transaction that it could not commit, and SQLAlchemy takes it for ended: the next one on
            # this connection could not begin.
            await self._connection.invalidate()
            raise
        growths, self._growths = self._growths, []
        if self._news is not None:
            for growth in growths:
                self._news.grown(growth)


class Database:
    """Opens units of work on one file. Construct with `open_database`; `aclose()` when done."""

    def __init__(
        self,
        engine: AsyncEngine,
        signer: Signer,
        clock: Clock,
        ring: KeyRing,
        path: Path,
        reserve: LedgerReserve | None = None,
        news: LedgerNews | None = None,
    ) -> None:
        self._path = path
        self._news = news
        self._reserve = reserve
        self._engine = engine
        self._signer = signer
        self._clock = clock
        self._ring = ring
        self._write_lock = asyncio.Lock()

    def uow(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A writing transaction: waits for the one writer, then BEGIN IMMEDIATE."""
        return self._writing()

    def reading(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that only reads; it waits for nobody."""
        return self._transaction({})

    async def wipe(self, gone: Sequence[bytes], *, thoroughly: bool = False) -> None:
        """Makes sure that what was deleted stands in no file of the database (see `inspection.store.traces.wipe`)."""
        async with self._write_lock:
            await self._engine.dispose()  # pooled readers would keep the WAL from being emptied
            await asyncio.to_thread(wipe, self._path, gone, thoroughly=thoroughly)

    async def aclose(self) -> None:
        """Closes every connection; may be called twice."""
        await self._engine.dispose()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[UnitOfWork]:
        async with self._write_lock:
            if self._reserve is not None:
                self._reserve.before_writing()
            async with self._transaction({_WRITING: True}) as uow:
                yield uow

    @asynccontextmanager
    async def _transaction(self, options: dict[str, Any]) -> AsyncIterator[UnitOfWork]:
        with _storage_errors():
            async with self._engine.connect() as connection:
                await connection.execution_options(**options)
                yield SqlUnitOfWork(connection, self._signer, self._clock, self._ring, self._news)


def open_database(
    path: Path,
    signer: Signer,
    clock: Clock,
    master: MasterKey,
    reserve: LedgerReserve | None = None,
    news: LedgerNews | None = None,
) -> Database:
    """The database in that file, which `inspection.store.migration.upgrade` made.

    `master` opens its data keys. `reserve`: its own, held already. `news`: who hears of every commit to a ledger.
    """
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S})
    journal_mode = journal_mode_for(sqlite3.sqlite_version_info)

    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours: see `begin`
        prepare_connection(connection, journal_mode)
        connection.run_async(lambda driver: driver.set_authorizer(authorize))

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return Database(engine, signer, clock, KeyRing(master), path, reserve, news)


def journal_mode_for(version: tuple[int, ...]) -> str:
    """TRUNCATE where the library has the WAL-reset fault (3.7.0 to 3.51.2), which can lose commits; else WAL."""
    first, last = _WAL_RESET_FAULT
    return "TRUNCATE" if first <= version[:3] <= last else "WAL"


def prepare_connection(connection: Any, journal_mode: str) -> None:
    """The pragmas of every connection (DB-API)."""
    cursor = connection.cursor()
    for pragma in (f"journal_mode={journal_mode}", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
        cursor.fetchall()
    cursor.close()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _storage_errors() -> Iterator[None]:
    """A full disk, a locked file or a failing one is `unavailable`; anything else is a fault of ours."""
    try:
        yield
    except PoolTimeoutError as error:
        raise InspectionError(Kind.UNAVAILABLE, "busy", "too many readers at once", retry_after_s=2) from error
    except UnicodeEncodeError as error:
        raise not_found() from error  # an id with lone surrogates cannot be anybody's
    except DBAPIError as error:
        code = STORAGE_CODES.get(_primary_code(error))
        if code is None:
            raise
        raise InspectionError(Kind.UNAVAILABLE, code, "the database cannot write", retry_after_s=2) from error


def _primary_code(error: DBAPIError) -> int:
    """SQLite's primary result code; the driver's own exception may be one cause further down."""
    cause: BaseException | None = error.orig
    while cause is not None:
        code = find_primary_code(cause)
        if code is not None:
            return code
        cause = cause.__cause__
    return sqlite3.SQLITE_ERROR
