"""The guards of the ledger on a real PostgreSQL, started for the test: nobody changes what is on record."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection.store.append_only import APPEND_ONLY, MISPLACED, REFUSED
from inspection.store.postgresql import schema_sql

pytestmark = pytest.mark.integration

INSTALLED = Path("/usr/lib/postgresql")
ROWS = """
INSERT INTO users VALUES ('u1', 'li', 'hash', 'inspector', '李', '科', '1', 0);
INSERT INTO inspections VALUES ('i1', 'YTK-1', 'food', '食品', '{}', 'a1', '{}', 'u1', NULL, 'opened', 0, NULL);
INSERT INTO entries VALUES ('i1', 1, repeat('0', 64), repeat('a', 64), 'opened', '{}');
INSERT INTO entries VALUES ('i1', 2, repeat('a', 64), repeat('b', 64), 'view', '{}');
INSERT INTO checkpoints VALUES ('i1', 2, repeat('b', 64), '', '{}');
INSERT INTO signing_keys VALUES (0, repeat('c', 64), '{}');
"""


class Postgresql:
    """A server of its own, reached by a socket alone."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self._programs = programs

    def run(self, program: str, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """As the system's user postgres where we are root, which PostgreSQL refuses."""
        user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
        return subprocess.run(
            [*user, str(self._programs / program), *arguments],
            input=stdin, capture_output=True, text=True, timeout=60, check=False, cwd=self.folder,
        )  # fmt: skip

    def must(self, program: str, *arguments: str) -> None:
        done = self.run(program, *arguments)
        if done.returncode != 0:
            pytest.skip(f"{program} does not work here: {done.stderr.strip()[-200:]}")

    def sql(self, role: str, statements: str, database: str = "yuntakan") -> subprocess.CompletedProcess[str]:
        options = ("--host", str(self.folder), "--username", role, "--set", "ON_ERROR_STOP=1", "--quiet", "--no-psqlrc")
        return self.run("psql", *options, database, stdin=statements)

    def refused(self, role: str, statement: str) -> str:
        done = self.sql(role, statement)
        assert done.returncode != 0, f"{role} may {statement}"
        return done.stderr


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Postgresql]:
    programs = max(INSTALLED.glob("*/bin"), default=None)
    if programs is None:
        pytest.skip("there is no PostgreSQL here")
    folder = Path(tempfile.mkdtemp(prefix="yuntakan-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server, data = Postgresql(folder, programs), str(folder / "data")
    try:
        server.must("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-N", "--locale=C.UTF-8")
        how = f"-k {folder} -c listen_addresses='' -c fsync=off"
        server.must("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", how, "start")
        yield server
    finally:
        server.run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def ledger(postgresql: Postgresql) -> Postgresql:
    """The schema of the owner, with a few rows that the acting role added."""
    for statements, role, database in (
        ("CREATE ROLE yuntakan_owner LOGIN; CREATE ROLE yuntakan_app LOGIN;", "postgres", "postgres"),
        ("CREATE DATABASE yuntakan OWNER yuntakan_owner;", "postgres", "postgres"),
        (schema_sql(), "yuntakan_owner", "yuntakan"),
        (ROWS, "yuntakan_app", "yuntakan"),
    ):
        done = postgresql.sql(role, statements, database)
        assert done.returncode == 0, done.stderr
    return postgresql


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_acting_role_may_add_and_read_and_nothing_else(ledger, table):
    for statement in (f"UPDATE {table} SET line = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        assert "permission denied" in ledger.refused("yuntakan_app", statement)
    for statement in (f"DROP TABLE {table} CASCADE", f"ALTER TABLE {table} DISABLE TRIGGER ALL"):
        assert "must be owner" in ledger.refused("yuntakan_app", statement)
    assert ledger.sql("yuntakan_app", f"SELECT * FROM {table}").returncode == 0


@pytest.mark.parametrize("role", ["yuntakan_owner", "postgres"])
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_triggers_refuse_the_owner_and_the_superuser_too(ledger, table, role):
    for statement in (f"UPDATE {table} SET line = 'x'", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        assert REFUSED in ledger.refused(role, statement)
    replica = "SET session_replication_role = replica;" if role == "postgres" else ""
    assert REFUSED in ledger.refused(role, f"{replica} DELETE FROM {table};")


@pytest.mark.parametrize(
    "row",
    [
        "entries VALUES ('i1', 4, repeat('b', 64), repeat('d', 64), 'view', '{}')",
        "entries VALUES ('i1', 2, repeat('b', 64), repeat('d', 64), 'view', '{}')",
        "entries VALUES ('i1', 3, repeat('a', 64), repeat('d', 64), 'view', '{}')",
        "checkpoints VALUES ('i1', 1, repeat('a', 64), '', '{}')",
        "checkpoints VALUES ('i1', 3, repeat('d', 64), '', '{}')",
        "signing_keys VALUES (2, repeat('d', 64), '{}')",
        "signing_keys VALUES (0, repeat('d', 64), '{}')",
    ],
)
def test_a_row_that_is_not_at_the_end_is_refused(ledger, row):
    assert MISPLACED in ledger.refused("yuntakan_app", f"INSERT INTO {row}")


def test_other_tables_can_be_changed_by_the_acting_role(ledger):
    done = ledger.sql("yuntakan_app", "UPDATE inspections SET state = 'in_session'; DELETE FROM commands;")
    assert done.returncode == 0, done.stderr
