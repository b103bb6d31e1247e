from __future__ import annotations

import re
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from inspection.domain.errors import InspectionError
from inspection.store.migration import upgrade
from inspection.store.tables import metadata

pytestmark = pytest.mark.integration


def schema(path) -> dict[str, set[str]]:
    """Every table's columns and constraints and every index, however their text is laid out."""
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL"
    )
    found = {name: parts(sql) for name, sql in rows if name != "alembic_version"}
    connection.close()
    return found


def parts(sql: str) -> set[str]:
    flat = re.sub(r"\s+", " ", sql.replace('"', ""))
    return {re.sub(r"[ ()]+", " ", part).strip() for part in re.split(r", (?=[a-z_]+ [A-Z]|CONSTRAINT)", flat)}


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path):
    migrated, direct = tmp_path / "migrated.db", tmp_path / "direct.db"
    upgrade(migrated)
    engine = create_engine(f"sqlite:///{direct}")
    metadata.create_all(engine)
    engine.dispose()
    assert schema(migrated) == schema(direct)


def test_alembic_finds_nothing_left_to_migrate(tmp_path):
    upgrade(tmp_path / "a.db")
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert differences == []


def test_upgrading_twice_changes_nothing(tmp_path):
    upgrade(tmp_path / "a.db")
    before = schema(tmp_path / "a.db")
    upgrade(tmp_path / "a.db")
    assert schema(tmp_path / "a.db") == before


USER = "INSERT INTO users VALUES ('u', 'wang', 'x', 'inspector', '王芳', '示范县行政审批局', '001', 0)"
ENTRY = "INSERT INTO entries VALUES ('i', 1, '', '', 'session_created', '{}')"


def filled(path, statement: str) -> bytes:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute(statement)
    connection.commit()
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("revision", ["0001", "0002"])
@pytest.mark.parametrize("statement", [USER, ENTRY], ids=["a person", "an entry"])
def test_data_from_before_values_were_sealed_is_refused_and_left_as_it_is(tmp_path, revision, statement):
    path = tmp_path / "a.db"
    upgrade(path, revision)
    before = filled(path, statement)
    with pytest.raises(InspectionError, match="new data folder") as caught:
        upgrade(path)
    assert caught.value.code == "database_too_old"
    assert path.read_bytes() == before


def test_an_old_database_without_data_is_upgraded(tmp_path):
    upgrade(tmp_path / "old.db", "0002")
    upgrade(tmp_path / "old.db")
    upgrade(tmp_path / "new.db")
    assert schema(tmp_path / "old.db") == schema(tmp_path / "new.db")


def test_data_of_this_schema_is_no_reason_to_refuse(tmp_path):
    upgrade(tmp_path / "a.db")
    before = filled(tmp_path / "a.db", USER)
    upgrade(tmp_path / "a.db")
    assert (tmp_path / "a.db").read_bytes() == before
