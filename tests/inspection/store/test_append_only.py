"""The ledger's guards on SQLite: triggers for whoever opens the file, and an authorizer for our own connections."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from inspection.store.append_only import APPEND_ONLY, MISPLACED, REFUSED
from tests.inspection.services.office import House, go_live, open_house

pytestmark = pytest.mark.integration


@pytest.fixture
async def house(tmp_path: Path):
    opened = open_house(tmp_path)
    await go_live(opened)
    yield opened
    await opened.aclose()


@pytest.fixture
def connection(house: House) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection to the file."""
    with closing(sqlite3.connect(house.data / "yuntakan.db")) as opened:
        opened.execute("PRAGMA foreign_keys=ON")
        yield opened


def rows(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "act",
    [
        "UPDATE {table} SET line = 'x'",
        "DELETE FROM {table}",
        "UPDATE OR REPLACE {table} SET line = 'x'",
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO UPDATE SET line = 'x'",
    ],
)
async def test_nobody_changes_what_is_on_record(connection, table, act):
    before = rows(connection, table)
    assert before
    with pytest.raises(sqlite3.IntegrityError, match=f"{REFUSED}|{MISPLACED}"):
        connection.execute(act.format(table=table))
    connection.rollback()
    assert rows(connection, table) == before


@pytest.mark.parametrize(
    "act",
    [
        "INSERT INTO entries SELECT inspection_id, max(seq) + 2, hash, 'h', kind, line FROM entries",
        "INSERT INTO entries SELECT inspection_id, max(seq) + 1, prev, 'h', kind, line FROM entries",
        "INSERT INTO checkpoints SELECT inspection_id, max(size) - 1, head, nodes, line FROM checkpoints",
        "INSERT INTO checkpoints SELECT inspection_id, max(size) + 1000, head, nodes, line FROM checkpoints",
        "INSERT INTO signing_keys SELECT n + 2, 'p', line FROM signing_keys",
    ],
)
async def test_a_row_that_is_not_at_the_end_is_refused(connection, act):
    with pytest.raises(sqlite3.IntegrityError, match=MISPLACED):
        connection.execute(act)


@pytest.mark.parametrize(
    "act",
    [
        *(f"UPDATE {table} SET line = 'x'" for table in APPEND_ONLY),
        *(f"DELETE FROM {table}" for table in APPEND_ONLY),
        "DROP TRIGGER entries_refuse_update",
        "DROP TABLE checkpoints",
        "ALTER TABLE entries RENAME TO others",
        "PRAGMA writable_schema=ON",
    ],
)
async def test_our_own_connections_may_not_even_take_the_guards_away(house, act):
    async with house.database._engine.connect() as ours:
        with pytest.raises(DatabaseError, match="not authorized"):
            await ours.execute(text(act))
        await ours.rollback()
