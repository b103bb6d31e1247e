"""Brings the database file to the newest schema."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, pool

from inspection.domain.errors import conflict
from inspection.store.database import BUSY_TIMEOUT_S, journal_mode_for, prepare_connection

MIGRATIONS = Path(__file__).parent / "migrations"
_TOO_OLD = (
    "was made before the first release, and this version cannot take its data over: "
    "start with a new data folder (--data), and keep the old one as it is"
)


def upgrade(path: Path, revision: str = "head") -> None:
    """Makes the file (readable by its owner only) or upgrades it; blocking, some hundred milliseconds.

    Raises `database_too_old` and leaves the file as it is where it holds people or entries from before values were
    sealed: they would read as erased.
    """
    if is_too_old(path):
        raise conflict("database_too_old", f"{path} {_TOO_OLD}")
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    engine = create_engine(f"sqlite:///{path}", poolclass=pool.NullPool, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()


def is_too_old(path: Path) -> bool:
    """Whether the database holds people or entries of a schema that knew no keys to seal them under."""
    if not path.exists():
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        filled = (
            connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None
            for table in ("users", "entries")
            if table in tables
        )
        return "data_keys" not in tables and any(filled)


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    prepare_connection(connection, journal_mode_for(sqlite3.sqlite_version_info))
