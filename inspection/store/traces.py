"""Wiping: what was deleted from the database file is not left in it, nor in its journal or WAL.

`secure_delete` overwrites deleted rows with zeros, but a page that SQLite had laid out anew may keep an old copy in
its gaps. So the files are searched for the bytes that must be gone, and rewritten (VACUUM) where they are found.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from inspection.domain.errors import InspectionError, Kind
from inspection.store.storage_codes import STORAGE_CODES, find_primary_code

_BLOCK_BYTES = 1 << 20
_PATIENCE_S = 10.0
_PAUSE_S = 0.05


def wipe(path: Path, gone: Sequence[bytes], *, thoroughly: bool = False) -> None:
    """Blocking. `gone`: byte strings that no file of the database may hold; `thoroughly`: rewrite it in any case.

    Nobody may write meanwhile; readers are waited for. Raises `unavailable`: `erasure_incomplete` where a copy stays,
    `storage_busy`, `storage_full`, `storage_failed` where the files cannot be read or written now.
    """
    with _storage_errors():
        with closing(sqlite3.connect(path, isolation_level=None, timeout=_PATIENCE_S)) as connection:
            connection.execute("PRAGMA secure_delete=ON").fetchall()
            _empty_wal(connection)
            if thoroughly or holds_any(path, gone):
                connection.execute("VACUUM")
                _empty_wal(connection)
        if holds_any(path, gone):
            raise InspectionError(Kind.UNAVAILABLE, "erasure_incomplete", "a destroyed key is still in the files")


def holds_any(path: Path, wanted: Sequence[bytes]) -> bool:
    """Whether any of these byte strings stands in the database's file, journal or WAL."""
    return any(each in block for block in _blocks(path, max(map(len, wanted), default=0)) for each in wanted)


def database_files(path: Path) -> list[Path]:
    """The file and those that SQLite keeps beside it."""
    return [each for each in (path, *(Path(f"{path}-{end}") for end in ("wal", "journal", "shm"))) if each.exists()]


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Whatever keeps the files from being wiped may be over soon: it is tried again."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        code = STORAGE_CODES.get(find_primary_code(error) or sqlite3.SQLITE_IOERR, "storage_failed")
        why = f"the database's files cannot be wiped now: {error}"
        raise InspectionError(Kind.UNAVAILABLE, code, why, retry_after_s=2) from error


def _blocks(path: Path, overlap_bytes: int) -> Iterator[bytes]:
    for each in database_files(path):
        rest = b""
        with each.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield rest + block
                rest = block[-overlap_bytes:] if overlap_bytes else b""


def _empty_wal(connection: sqlite3.Connection) -> None:
    """Moves everything into the file and cuts the WAL to nothing; without a WAL there is nothing to do."""
    until_s = time.monotonic() + _PATIENCE_S
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] != 0:
        if time.monotonic() > until_s:
            raise InspectionError(Kind.UNAVAILABLE, "storage_busy", "readers hold the database", retry_after_s=2)
        time.sleep(_PAUSE_S)
