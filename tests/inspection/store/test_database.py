from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from inspection.domain.errors import InspectionError, Kind
from inspection.domain.inspections import InspectionState
from inspection.services import audit, inspections, reports, sessions
from inspection.store import database as database_module
from inspection.store.database import journal_mode_for
from tests.inspection.services.office import House, Live, go_live, open_house

pytestmark = pytest.mark.integration


@pytest.fixture
async def house(tmp_path):
    opened = open_house(tmp_path)
    yield opened
    await opened.aclose()


async def chat(live: Live, words: str, key: str | None = None):
    return await reports.send_chat(live.office, live.applicant, live.session_id, words, key or live.key())


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 6, 23), "WAL"),
        ((3, 7, 0), "TRUNCATE"),
        ((3, 40, 1), "TRUNCATE"),
        ((3, 51, 2), "TRUNCATE"),
        ((3, 51, 3), "WAL"),
        ((3, 52, 0), "WAL"),
    ],
)
def test_the_journal_mode_avoids_the_wal_reset_fault(version, mode):
    assert journal_mode_for(version) == mode


async def test_every_connection_is_durable_and_keeps_its_references(house):
    async with house.database._engine.connect() as connection:
        found = {
            pragma: (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar()
            for pragma in ("journal_mode", "synchronous", "foreign_keys")
        }
    wanted = journal_mode_for(sqlite3.sqlite_version_info).lower()
    assert found == {"journal_mode": wanted, "synchronous": 2, "foreign_keys": 1}


async def test_the_database_file_is_the_owners_alone(house):
    assert (house.data / "yuntakan.db").stat().st_mode & 0o777 == 0o600


async def test_the_database_refuses_a_recording_that_nobody_agreed_to(house):
    live = await go_live(house)
    async with house.database._engine.connect() as connection:
        with pytest.raises(IntegrityError, match="recorded_by_leave"):
            await connection.execute(text("UPDATE sessions SET recording_agreed = 0, recording = 1"))
        await connection.rollback()
    assert live.session_id


async def test_a_unit_of_work_that_is_not_committed_leaves_nothing(house):
    live = await go_live(house)
    with pytest.raises(RuntimeError, match="halfway"):
        async with house.office.uow() as uow:
            await uow.inspections.save(live.inspection.in_state(InspectionState.ON_SITE_REQUIRED))
            raise RuntimeError("halfway")
    detail = await inspections.get_inspection(house.office, live.inspector, live.inspection.id)
    assert detail.inspection.state is InspectionState.IN_SESSION


async def test_an_entry_that_cannot_be_written_takes_the_change_back(house, monkeypatch):
    live = await go_live(house)

    def broken(_signer, _message: bytes) -> bytes:
        raise RuntimeError("the key is gone")

    monkeypatch.setattr(type(house.office.signer), "sign", broken)
    with pytest.raises(RuntimeError, match="the key is gone"):
        await house.opened(live.inspector)
    assert await inspections.list_inspections(house.office, live.inspector) == [
        live.inspection.in_state(InspectionState.IN_SESSION)
    ]


async def test_writers_at_the_same_time_keep_one_chain(house):
    live = await go_live(house)
    await asyncio.gather(*(chat(live, f"第{number}句") for number in range(40)))
    page = await audit.entries(house.office, live.applicant, live.inspection.id, 0, 1000)
    assert [entry.seq for entry in page.entries] == list(range(1, len(page.entries) + 1))
    assert all(late.prev == early.hash for early, late in zip(page.entries, page.entries[1:], strict=False))


async def test_readers_go_on_while_somebody_writes(house):
    live = await go_live(house)
    async with house.office.uow() as uow:
        await uow.inspections.save(live.inspection.in_state(InspectionState.ON_SITE_REQUIRED))
        detail = await inspections.get_inspection(house.office, live.inspector, live.inspection.id)
        assert detail.inspection.state is InspectionState.IN_SESSION
        await uow.commit()
    detail = await inspections.get_inspection(house.office, live.inspector, live.inspection.id)
    assert detail.inspection.state is InspectionState.ON_SITE_REQUIRED


def grow_no_more(house: House) -> None:
    """From here on SQLite itself says that the disk is full."""

    def fill(connection, _record, _proxy) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count={pages}")
        cursor.fetchall()
        cursor.close()

    event.listen(house.database._engine.sync_engine, "checkout", fill)


async def test_a_full_disk_is_said_and_what_was_acknowledged_stays(house):
    live = await go_live(house)
    await chat(live, "之前")
    grow_no_more(house)
    with pytest.raises(InspectionError) as refused:
        for number in range(500):
            await chat(live, f"{number}" * 300)
    assert (refused.value.kind, refused.value.code) == (Kind.UNAVAILABLE, "storage_full")
    page = await audit.entries(house.office, live.applicant, live.inspection.id, 0, 1000)
    assert [entry.opened_payload()["text"] for entry in page.entries if entry.kind == "chat"][0] == "之前"
    assert page.last_seq == len(page.entries)


async def test_a_locked_database_is_busy_and_the_command_can_be_repeated(house):
    live = await go_live(house)

    def hurry(connection, _record, _proxy) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=1")
        cursor.fetchall()
        cursor.close()

    event.listen(house.database._engine.sync_engine, "checkout", hurry)
    other = sqlite3.connect(house.data / "yuntakan.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(InspectionError) as refused:
        await chat(live, "你好", "same")
    assert (refused.value.kind, refused.value.code) == (Kind.UNAVAILABLE, "storage_busy")
    other.execute("ROLLBACK")
    other.close()
    assert (await chat(live, "你好", "same")).entries


WRITER = """
import asyncio, sys
from pathlib import Path
from tests.inspection.services.office import go_live, open_house
from inspection.services import reports

async def main():
    live = await go_live(open_house(Path(sys.argv[1])))
    print(live.inspection.id, flush=True)
    number = 0
    while True:
        number += 1
        await reports.send_chat(live.office, live.applicant, live.session_id, str(number), live.key())
        print(number, flush=True)

asyncio.run(main())
"""


def written_until_killed(data: Path) -> tuple[str, int]:
    """The inspection's id, and the last line of chat that was acknowledged."""
    root = Path(__file__).parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(data)],
        stdout=subprocess.PIPE,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        text=True,
    )
    assert child.stdout is not None
    inspection_id = child.stdout.readline().strip()
    for _ in range(20):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().split()
    child.stdout.close()
    child.wait()
    return inspection_id, int(rest[-1]) if rest else 20


async def test_what_was_acknowledged_before_a_kill_is_there_after_it(tmp_path):
    inspection_id, acknowledged = await asyncio.to_thread(written_until_killed, tmp_path)
    after = open_house(tmp_path, seed=2)
    async with after.office.reading() as uow:
        entries = await uow.entries.list(inspection_id, 0, 100_000)
    said = [int(entry.opened_payload()["text"]) for entry in entries if entry.kind == "chat"]
    assert said == list(range(1, len(said) + 1))
    assert acknowledged <= len(said) <= acknowledged + 1
    await after.aclose()


async def test_a_commit_that_waits_too_long_for_a_reader_is_busy_and_the_next_goes_through(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.2)
    monkeypatch.setattr(database_module, "journal_mode_for", lambda version: "TRUNCATE")
    house = open_house(tmp_path)
    live = await go_live(house)
    with closing(sqlite3.connect(tmp_path / "yuntakan.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM inspections").fetchone()
        for _ in range(2):
            with pytest.raises(InspectionError) as refused:
                await chat(live, "在吗")
            assert refused.value.code == "storage_busy"
    await chat(live, "现在呢")
    assert (await house.kinds(live.inspection.id)).count("chat") == 1
    await house.aclose()


async def test_a_start_without_an_open_session_waits_for_no_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(database_module, "journal_mode_for", lambda version: "TRUNCATE")
    house = open_house(tmp_path)
    with closing(sqlite3.connect(tmp_path / "yuntakan.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM inspections").fetchone()
        assert await sessions.mark_interrupted(house.office) == []
    await house.aclose()
