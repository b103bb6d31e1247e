"""The key file of an office and its change, which a crash at any point leaves either undone or done.

A change writes `<key>.next` durably, then the key's line is committed, then the file takes the old one's place. A
`.next` whose key the history does not know was never in use; one that it names as the newest only has to be moved.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from inspection.domain.key_history import KeyLine, parse_key_line
from inspection.store.durable_files import sync_folder
from inspection.store.signer import FileSigner, SignerKeyError, load_or_create_signer, load_signer

_OTHER_KEY = "is not the newest one of the office's history; put the right key back, or change keys in order"


def open_key_file(path: Path, newest: bytes | None) -> FileSigner:
    """The signer of that file; `newest`: the public key in use by the history, None where there is no history yet.

    Only an office without a history gets a new key. Raises SignerKeyError for a key that is not the one in use.
    """
    if newest is None:
        return load_or_create_signer(path)
    finish_change(path, newest)
    if not path.exists():
        raise SignerKeyError(f"{path} is gone, and the ledger was signed with it; put it back from a copy")
    signer = load_signer(path)
    if signer.public_key() != newest:
        raise SignerKeyError(f"{path} {_OTHER_KEY}")
    return signer


def begin_change(path: Path) -> FileSigner:
    """A fresh key in `<key>.next`, durable; one that an abandoned change left is thrown away."""
    following = _following(path)
    following.unlink(missing_ok=True)
    return load_or_create_signer(following)


def finish_change(path: Path, newest: bytes) -> None:
    """Moves `<key>.next` into its place where its key is the one in use, and throws it away otherwise."""
    following = _following(path)
    if not following.exists():
        return
    if load_signer(following).public_key() == newest:
        following.replace(path)
    else:
        following.unlink()
    sync_folder(path.parent)


def destroy_key(path: Path) -> None:
    """Takes the private key of a file away that another key succeeded; no error where it is not there."""
    path.unlink(missing_ok=True)
    if path.parent.exists():
        sync_folder(path.parent)


def read_key_history(database: Path) -> list[KeyLine]:
    """The lines in an office's database, by n; read before anything can be signed."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT line FROM signing_keys ORDER BY n").fetchall()
    return [parse_key_line(line.encode()) for (line,) in rows]


@contextmanager
def key_in_use(lock_path: Path, *, alone: bool) -> Iterator[None]:
    """Held by whoever signs; `alone` by whoever changes the key. Raises SignerKeyError where that cannot be."""
    lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except OSError as error:
            what = "a server or a command is signing with it; stop it first" if alone else "it is being changed"
            raise SignerKeyError(f"the key cannot be used now: {what}") from error
        yield
    finally:
        os.close(descriptor)


def _following(path: Path) -> Path:
    return path.with_name(f"{path.name}.next")
