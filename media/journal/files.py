"""The few things that a journal asks of a file system, as a port, so that tests can take space and disks away."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class JournalFiles(Protocol):
    """Every call may raise OSError. Descriptors are plain integers."""

    def create(self, path: Path) -> int:
        """A new, empty file for reading by others and writing by us. Raises FileExistsError."""

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        """Bytes written at `offset`; may be fewer than given."""

    def sync(self, descriptor: int) -> None:
        """Content and length have reached the medium when this returns."""

    def truncate(self, descriptor: int, length: int) -> None: ...

    def close(self, descriptor: int) -> None: ...

    def free_bytes(self, path: Path) -> int:
        """Space that is left for us on the volume of `path`."""


class DiskFiles:
    """The real ones."""

    def create(self, path: Path) -> int:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        sync_directory(path.parent)
        return descriptor

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        return os.pwrite(descriptor, content, offset)

    def sync(self, descriptor: int) -> None:
        os.fdatasync(descriptor)

    def truncate(self, descriptor: int, length: int) -> None:
        os.ftruncate(descriptor, length)

    def close(self, descriptor: int) -> None:
        os.close(descriptor)

    def free_bytes(self, path: Path) -> int:
        volume = os.statvfs(path)
        return volume.f_bavail * volume.f_frsize


def sync_file(path: Path) -> None:
    """What is in the file now survives a power cut, whoever wrote it. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make a name that was just given in `path` survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
