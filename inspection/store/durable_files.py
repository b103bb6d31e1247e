"""Files that a power cut leaves whole or not there at all: keys and certificates, which are made once."""

from __future__ import annotations

import os
from pathlib import Path


def write_once(path: Path, content: bytes, mode: int = 0o600) -> None:
    """The whole file under its name, durable on return with the folders that were made for it.

    Raises FileExistsError, and leaves what is there, where another process was first: unlike a rename, a link never
    replaces a file. Raises OSError, and leaves nothing behind.
    """
    _make_folder(path.parent)
    whole = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        _write_synced(whole, content, mode)
        os.link(whole, path)
    finally:
        whole.unlink(missing_ok=True)
        sync_folder(path.parent)  # also when another process was first: its file is read next


def sync_folder(folder: Path) -> None:
    """Makes names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


def _write_synced(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
