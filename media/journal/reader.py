"""Reading journals: whole ones, and one that still grows."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from media.journal.format import (
    MAX_HEADER_BYTES,
    DamagedRecordError,
    JournalError,
    JournalHeader,
    Record,
    decode_header,
    decode_records,
)

CHUNK_BYTES = 1024 * 1024

logger = logging.getLogger(__name__)


def read_header(path: Path) -> JournalHeader:
    """Raises JournalError, OSError."""
    with path.open("rb") as file:
        return decode_header(file.read(MAX_HEADER_BYTES + 16))[0]


def read_journal(path: Path) -> Iterator[Record]:
    """All whole records; a torn tail ends the iteration. Raises JournalError for damage within. Memory is bounded."""
    tail = JournalTail(path)
    try:
        while records := tail.read():
            yield from records
    finally:
        tail.close()


def read_undamaged(path: Path) -> Iterator[Record]:
    """As `read_journal`, but ends at the first damage, for copies that show what there is."""
    try:
        yield from read_journal(path)
    except JournalError as error:
        logger.warning("journal %s is read up to its damage: %s", path.stem, error)


class JournalTail:
    """Follows a journal while it is written. Remembers where the last whole record ended, nothing else."""

    def __init__(self, path: Path) -> None:
        """Raises OSError; the header may come later."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.offset = 0

    def read(self) -> list[Record]:
        """The next whole records, at most about a megabyte of them; empty when there are none yet.

        Raises JournalError where the next one is damaged.
        """
        if self.offset == 0 and not self._pass_header():
            return []
        data = os.pread(self._descriptor, CHUNK_BYTES, self.offset)
        records: list[Record] = []
        try:
            for record in decode_records(data, self.offset):
                records.append(record)
        except DamagedRecordError:
            if not records:
                raise
        if records:
            self.offset = records[-1].end
        return records

    def close(self) -> None:
        """Idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _pass_header(self) -> bool:
        data = os.pread(self._descriptor, MAX_HEADER_BYTES + 16, 0)
        try:
            _, self.offset = decode_header(data)
        except JournalError:
            if len(data) >= MAX_HEADER_BYTES:
                raise
            return False
        return True
