"""Brings the database file to the newest schema."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event, pool

from inspection.store.database import BUSY_TIMEOUT_S, journal_mode_for, prepare_connection

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(path: Path, revision: str = "head") -> None:
    """Makes the file (readable by its owner only) or upgrades it; blocking, some hundred milliseconds."""
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


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    prepare_connection(connection, journal_mode_for(sqlite3.sqlite_version_info))
