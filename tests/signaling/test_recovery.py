"""What a crash left behind, held against the ledger: real journals, a real database that can be away."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import event

from inspection.domain.entry import Entry
from inspection.services import reports, sessions
from inspection.services.check import check
from inspection.services.media_ledger import MediaLedger, MediaLedgerConfig
from inspection.services.ports import UnitOfWork
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.signer import verify_ed25519
from signaling.bridge import instant
from signaling.recovery import JournalRecovery
from tests.inspection.services.office import Live, go_live, open_house
from tests.media.clips import header_of, tone_packets, write_journal

pytestmark = pytest.mark.integration

TORN = b"half a record"


@dataclass
class Bench:
    """A live session's evidence folder; while `database` is not set, the media ledger cannot commit."""

    live: Live
    evidence: Path
    database: asyncio.Event = field(default_factory=asyncio.Event)
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        quick = MediaLedgerConfig(group_s=0.0, first_retry_s=0.0)
        self.ledger = MediaLedger(self.open_uow, self.live.house.clock, publish, quick)
        self.recovery = JournalRecovery(self.live.office, self.ledger, self.evidence)
        self.database.set()

    @asynccontextmanager
    async def open_uow(self) -> AsyncIterator[UnitOfWork]:
        self.tried.set()
        await self.database.wait()
        async with self.live.office.uow() as uow:
            yield uow

    @property
    def folder(self) -> Path:
        return self.evidence / self.live.inspection.id / self.live.session_id

    def journal(self, track_id: str, tail: bytes = b"") -> Path:
        header = header_of(track_id, "audio", session_id=self.live.session_id)
        path = write_journal(self.folder / "journal" / f"{track_id}.ytj", header, tone_packets(2.0))
        path.write_bytes(path.read_bytes() + tail)
        return path

    def picture(self, file: str) -> Path:
        path = self.evidence / self.live.inspection.id / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\xff\xd8\xff")
        return path

    async def entries(self, *kinds: str) -> list[Entry]:
        await self.ledger.settled()
        async with self.live.office.reading() as uow:
            kept = await uow.entries.list(self.live.inspection.id, 0, 1000)
        return [entry for entry in kept if entry.kind in kinds]


async def publish(entries: tuple[Entry, ...]) -> None:
    """Nobody listens."""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    house = open_house(tmp_path)
    opened = Bench(await go_live(house), tmp_path / "evidence")
    opened.ledger.start()
    yield opened
    opened.database.set()
    await opened.ledger.aclose()
    await house.aclose()


async def test_a_torn_tail_is_cut_only_once_its_entry_is_committed(bench: Bench) -> None:
    path = bench.journal("t1", TORN)
    whole = path.stat().st_size - len(TORN)
    bench.database.clear()
    recovering = asyncio.create_task(bench.recovery.recover_all())
    await bench.tried.wait()
    done, _ = await asyncio.wait({recovering}, timeout=0.5)
    assert not done
    assert path.stat().st_size == whole + len(TORN)
    bench.database.set()
    await recovering
    (torn,) = await bench.entries("torn")
    assert (torn.payload["offset"], torn.payload["bytes"]) == (whole, len(TORN))
    assert path.stat().st_size == whole


async def test_what_begins_to_be_recorded_meanwhile_is_left_alone(bench: Bench) -> None:
    bench.journal("older")
    other = bench.journal("other")
    bench.database.clear()
    await bench.recovery.recover_all()
    other.unlink()
    recovering = asyncio.create_task(bench.recovery.recover_session(bench.live.inspection.id, bench.live.session_id))
    await asyncio.sleep(0)
    newer = bench.journal("newer", TORN)
    length = newer.stat().st_size
    bench.database.set()
    await recovering
    spoken_of = {entry.subject for entry in await bench.entries("track", "recovered", "torn")}
    assert spoken_of == {"older", "other"}
    assert newer.stat().st_size == length


async def test_what_was_recovered_is_not_recovered_again(bench: Bench) -> None:
    bench.journal("t1")
    await bench.recovery.recover_all()
    once = await bench.entries("track", "recovered")
    await bench.recovery.recover_all()
    assert once
    assert await bench.entries("track", "recovered") == once


async def test_a_folder_of_no_known_inspection_does_not_keep_the_office_closed(bench: Bench) -> None:
    header = header_of("t1", "audio")
    stranger = write_journal(bench.evidence / "a" / "s" / "journal" / "t1.ytj", header, tone_packets(1.0))
    bench.journal("t2")
    await bench.recovery.recover_all()
    assert stranger.exists()
    assert {entry.subject for entry in await bench.entries("recovered")} == {"t2"}


async def test_pictures_that_never_came_on_record_are_taken_back_at_the_start(bench: Bench) -> None:
    unnamed = [bench.picture(f"{bench.live.session_id}/stills/x.jpg"), bench.picture("rectifications/y.jpg")]
    derived = bench.picture(f"{bench.live.session_id}/derived/replay.webm")
    await bench.recovery.recover_all()
    assert not any(path.exists() for path in unnamed)
    assert derived.exists()


async def test_a_journal_whose_header_is_damaged_is_named_once_and_keeps_its_bytes(bench: Bench) -> None:
    path = bench.journal("t1")
    damaged = bytearray(path.read_bytes())
    damaged[20] ^= 1
    path.write_bytes(damaged)
    for _ in range(2):
        await bench.recovery.recover_all()
    (torn,) = await bench.entries("torn")
    assert (torn.payload["offset"], torn.payload["bytes"], torn.payload["kept"]) == (0, len(damaged), True)
    assert path.read_bytes() == bytes(damaged)
    await sessions.abandon(bench.live.office, bench.live.session_id)
    assert await mismatches(bench) == []
    path.write_bytes(bytes(damaged) + b"more")
    assert await mismatches(bench) == ["tail_not_attested"], "no more than what was named is excused"


async def test_a_torn_entry_excuses_no_later_tail_of_its_journal(bench: Bench) -> None:
    path = bench.journal("t1", TORN)
    await bench.recovery.recover_all()
    await bench.ledger.settled()
    await sessions.abandon(bench.live.office, bench.live.session_id)
    assert await mismatches(bench) == []
    path.write_bytes(path.read_bytes() + b"later")
    assert await mismatches(bench) == ["tail_not_attested"]


async def test_an_empty_journal_that_no_entry_names_is_nothing(bench: Bench) -> None:
    path = bench.journal("t1")
    path.write_bytes(b"")
    await bench.recovery.recover_all()
    assert not path.exists()


async def test_what_a_page_had_declared_ends_with_the_last_recorded_moment(bench: Bench) -> None:
    live = bench.live
    await reports.record_device(
        live.office, live.applicant, live.session_id, camera="rear", muted=True, paused=False, torch=False, key="k1"
    )  # fmt: skip
    bench.journal("t1")
    for _ in range(2):
        await bench.recovery.recover_all()
    (gap,) = await bench.entries("gap")
    recovered = await bench.entries("recovered")
    assert (gap.payload["cause"], gap.payload["started_at"]) == ("muted", (await bench.entries("device"))[0].at)
    assert gap.payload["ended_at"] == max(one.payload["ended_at"] for one in recovered)
    assert gap.payload["participant_id"]


async def test_a_start_says_which_sessions_go_on_and_how_far_they_are_recorded(bench: Bench) -> None:
    bench.journal("t1")
    (cut_off,) = await bench.recovery.recover_all()
    last = max(one.payload["ended_at"] for one in await bench.entries("recovered"))
    assert (cut_off.session_id, instant(cut_off.since_us)) == (bench.live.session_id, last)


async def test_a_session_that_is_over_and_fits_is_settled_and_no_start_reads_its_ledger_again(bench: Bench) -> None:
    bench.journal("t1")
    await bench.recovery.recover_all()
    live = bench.live
    await sessions.abandon(live.office, live.session_id)
    await bench.recovery.settle(live.inspection.id, live.session_id)
    async with live.office.reading() as uow:
        assert await uow.sessions.list_unsettled() == []


async def test_a_session_with_bytes_that_no_entry_names_is_not_settled(bench: Bench) -> None:
    live = bench.live
    await sessions.abandon(live.office, live.session_id)
    bench.journal("t1")
    await bench.recovery.settle(live.inspection.id, live.session_id)
    async with live.office.reading() as uow:
        assert [one.id for one in await uow.sessions.list_unsettled()] == [live.session_id]
    await bench.recovery.recover_all()
    async with live.office.reading() as uow:
        assert await uow.sessions.list_unsettled() == [], "the start recovers them, and settles it"


async def test_two_thousand_settled_sessions_cost_a_start_no_further_query(bench: Bench) -> None:
    alone = await queries_of(bench.live, bench.recovery)
    add_settled_sessions(bench.live, 2000)
    assert await queries_of(bench.live, bench.recovery) == alone


async def queries_of(live: Live, recovery: JournalRecovery) -> int:
    """How many statements a start's recovery asks of the database."""
    asked: list[str] = []
    engine = live.house.database._engine.sync_engine  # a test looks below the port
    watch = lambda *arguments: asked.append(arguments[2])  # noqa: E731
    event.listen(engine, "before_cursor_execute", watch)
    await recovery.recover_all()
    event.remove(engine, "before_cursor_execute", watch)
    return len(asked)


def add_settled_sessions(live: Live, count: int) -> None:
    database = sqlite3.connect(live.house.data / "yuntakan.db")
    names = [row[1] for row in database.execute("PRAGMA table_info(sessions)")]
    columns = ", ".join(
        {"id": "printf('s%d', n.value)", "number": "n.value + 10", "state": "'ended'", "ended_at": "created_at",
         "end_cause": "'abandoned'", "recording": "0"}.get(name, name)
        for name in names
    )  # fmt: skip
    numbers = f"WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < {count})"
    database.execute(f"INSERT INTO sessions ({', '.join(names)}) {numbers} SELECT {columns} FROM sessions, n")
    database.execute("INSERT INTO settled_sessions SELECT id FROM sessions WHERE state = 'ended'")
    database.commit()
    assert database.execute("SELECT count(*) FROM settled_sessions").fetchone() == (count,)
    database.close()


async def mismatches(bench: Bench) -> list[str]:
    office, evidence = bench.live.office, EvidenceFiles(bench.evidence, floor_bytes=0)
    report = await check(office.reading, evidence, office.signer.public_key(), verify_ed25519)
    return [one.code for one in report.mismatches]
