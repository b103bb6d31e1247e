"""What keeps the ledger, its checkpoints and its keys append-only in the database itself, and growing at its end alone.

SQLite's INSERT OR REPLACE takes rows away without a DELETE, so that there the rule for the end is what protects them.
"""

from __future__ import annotations

import sqlite3

from inspection.domain.entry import GENESIS

APPEND_ONLY = ("entries", "checkpoints", "signing_keys")
REFUSED = "the ledger is append-only"
MISPLACED = "the ledger grows at its end alone"

#: When a new row is refused, in both dialects' SQL; `NEW` is the row.
_NOT_AT_THE_END = {
    "entries": (
        "NEW.seq <> 1 + coalesce((SELECT max(seq) FROM entries WHERE inspection_id = NEW.inspection_id), 0) OR "
        "NEW.prev <> coalesce((SELECT hash FROM entries WHERE inspection_id = NEW.inspection_id "
        f"AND seq = NEW.seq - 1), '{GENESIS}')"
    ),
    "checkpoints": (
        "NEW.size <= coalesce((SELECT max(size) FROM checkpoints WHERE inspection_id = NEW.inspection_id), 0) OR "
        "NEW.head <> coalesce((SELECT hash FROM entries WHERE inspection_id = NEW.inspection_id "
        "AND seq = NEW.size), '')"
    ),
    "signing_keys": "NEW.n <> 1 + coalesce((SELECT max(n) FROM signing_keys), -1)",
}


def guards(dialect: str) -> list[str]:
    """The statements that put the guards up, for `sqlite` or `postgresql`."""
    made = {"sqlite": _sqlite_guards, "postgresql": _postgresql_guards}[dialect]
    return [statement for table in APPEND_ONLY for statement in made(table)]


_SCHEMA_ACTS = frozenset(
    (sqlite3.SQLITE_DROP_TRIGGER, sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_ALTER_TABLE, sqlite3.SQLITE_CREATE_TRIGGER)
)
_CHANGES = frozenset((sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE))


def authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    """What SQLite asks of every statement of a connection that acts (`sqlite3.Connection.set_authorizer`).

    Stands for the role that PostgreSQL has: it may neither change the ledger nor take its guards away.
    """
    changes_ledger = action in _CHANGES and first in APPEND_ONLY
    opens_schema = action == sqlite3.SQLITE_PRAGMA and first == "writable_schema" and second is not None
    refused = changes_ledger or opens_schema or action in _SCHEMA_ACTS
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK


def _sqlite_guards(table: str) -> list[str]:
    refusals = [
        f"CREATE TRIGGER {table}_refuse_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
        for act in ("UPDATE", "DELETE")
    ]
    at_the_end = (
        f"CREATE TRIGGER {table}_at_the_end BEFORE INSERT ON {table} WHEN {_NOT_AT_THE_END[table]} "
        f"BEGIN SELECT RAISE(ABORT, '{MISPLACED}'); END"
    )
    return [*refusals, at_the_end]


def _postgresql_guards(table: str) -> list[str]:
    """`ENABLE ALWAYS`: also where a replication role would pass over triggers."""
    refuse, at_the_end = f"{table}_refuse_change", f"{table}_at_the_end"
    return [
        f"CREATE FUNCTION {refuse}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_raise(REFUSED)} END $$",
        f"CREATE TRIGGER {refuse} BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {refuse}()",
        f"CREATE FUNCTION {at_the_end}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {_NOT_AT_THE_END[table]} THEN {_raise(MISPLACED)} END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER {at_the_end} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {at_the_end}()",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {refuse}",
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {at_the_end}",
    ]


def _raise(message: str) -> str:
    return f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation';"
