"""What SQLite says of its storage, in the codes of the office."""

from __future__ import annotations

import sqlite3

#: By SQLite's primary result code; whatever else it says is a fault of ours, or of the file.
STORAGE_CODES = {
    sqlite3.SQLITE_FULL: "storage_full",
    sqlite3.SQLITE_BUSY: "storage_busy",
    sqlite3.SQLITE_LOCKED: "storage_busy",
    sqlite3.SQLITE_IOERR: "storage_failed",
    sqlite3.SQLITE_READONLY: "storage_failed",
    sqlite3.SQLITE_CANTOPEN: "storage_failed",
}


def find_primary_code(error: BaseException) -> int | None:
    """SQLite's primary result code, where this is one of its exceptions."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None
