"""The office's master key: it wraps the data keys and nothing else. A file of its own, or a command that holds it.

Wrapped: sealed under AES-256-GCM with the associated data `yuntakan-data-key-v1\\n`, scope, a zero byte, class.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Protocol

from inspection.store.durable_files import write_once
from inspection.store.sealing import KEY_BYTES, SealError, seal, unseal

WRAP_CONTEXT = b"yuntakan-data-key-v1\n"
_ID_CONTEXT = b"yuntakan-master-key-id-v1\n"


class MasterKeyError(Exception):
    """The master key is damaged, open to others, or not the one that wrapped the data keys."""


class MasterKey(Protocol):
    """Wraps and unwraps data keys."""

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name the key and do not give it away."""
        ...

    @property
    def is_slow(self) -> bool:
        """Whether it waits for something outside of this process."""
        ...

    def wrap(self, data_key: bytes, about: bytes) -> bytes:
        """The wrapped key; `about` is the associated data (`wrap_context`)."""
        ...

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The data key, 32 bytes. Raises MasterKeyError."""
        ...


class FileMasterKey:
    """Holds the key itself."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._id = hashlib.sha256(_ID_CONTEXT + key).hexdigest()[:16]

    @property
    def id(self) -> str:
        """Of a random key of 32 bytes: no help in finding it."""
        return self._id

    @property
    def is_slow(self) -> bool:
        """It is here."""
        return False

    def wrap(self, data_key: bytes, about: bytes) -> bytes:
        """The wrapped key."""
        return seal(self._key, data_key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The data key. Raises MasterKeyError."""
        try:
            return unseal(self._key, wrapped, about)
        except SealError as error:
            raise MasterKeyError("a data key does not open with the office's master key") from error


def wrap_context(scope: str, retention: str) -> bytes:
    """The associated data of a wrapped key: whose it is and of what class."""
    return WRAP_CONTEXT + scope.encode() + b"\0" + retention.encode()


def open_master_key(database: Path, path: Path) -> FileMasterKey:
    """The key of `path` (32 bytes, mode 0600); made, durably, only while `database` holds no data key.

    Raises MasterKeyError where it is gone, of another length, or others may read it.
    """
    if not path.exists():
        if _has_data_keys(database):
            raise MasterKeyError(f"{path} is gone; without it no personal data opens. Put it back from a copy")
        with suppress(FileExistsError):  # another process made it just now
            write_once(path, os.urandom(KEY_BYTES))
    if path.stat().st_mode & 0o077:
        raise MasterKeyError(f"{path} may be read by others; it must have mode 0600")
    raw = path.read_bytes()
    if len(raw) != KEY_BYTES:
        raise MasterKeyError(f"{path} holds {len(raw)} bytes where a key has {KEY_BYTES}")
    return FileMasterKey(raw)


def _has_data_keys(database: Path) -> bool:
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT 1 FROM data_keys LIMIT 1").fetchone() is not None
