"""Space that is put aside for the ledger, so that it can say that the disk is full when the disk is full."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)

#: Some thousand entries.
RESERVE_BYTES = 8 * 1024 * 1024
#: With less than this left the database could fail in the middle of a transaction.
NEEDED_BYTES = 2 * 1024 * 1024
#: The reserve is put aside (again) only where so many times its size is free.
PLENTY = 4


def free_bytes_of(folder: Path) -> int:
    """What is left on the folder's volume for us."""
    return shutil.disk_usage(folder).free


class LedgerReserve:
    """A file of its own beside the database. Whoever writes calls `before_writing`; the writers' lock orders them."""

    def __init__(
        self,
        path: Path,
        size_bytes: int = RESERVE_BYTES,
        free_bytes: Callable[[Path], int] = free_bytes_of,
    ) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._free_bytes = free_bytes
        self._is_held = False

    def hold(self) -> None:
        """Puts the space aside, or keeps what an earlier run did. No error where there is too little."""
        self._is_held = self._path.exists() and self._path.stat().st_size >= self._size_bytes
        self.before_writing()

    def before_writing(self) -> None:
        """Gives the space to the database where the volume is full, and takes it back once there is plenty."""
        try:
            free_bytes = self._free_bytes(self._path.parent)
            if self._is_held and free_bytes < NEEDED_BYTES:
                self._give()
            elif not self._is_held and free_bytes >= PLENTY * self._size_bytes:
                self._take()
        except OSError as error:
            _log.warning("the ledger's reserve cannot be managed: %s", error.strerror)

    def _give(self) -> None:
        self._path.unlink(missing_ok=True)
        self._is_held = False
        _log.error("the volume is full: the ledger writes into its reserve")

    def _take(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
            self._is_held = True
        finally:
            os.close(descriptor)
        _log.info("%d bytes are put aside for the ledger", self._size_bytes)
