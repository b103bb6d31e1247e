"""What a crash left behind, held against the ledger: real journals, a real database that can be away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from inspection.domain.entry import Entry
from inspection.services.media_ledger import MediaLedger, MediaLedgerConfig
from inspection.services.ports import UnitOfWork
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
