"""Reading journals: whole ones, and one that still grows."""

from __future__ import annotations

import logging
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
from media.sealed.reader import open_content

CHUNK_BYTES = 1024 * 1024

logger = logging.getLogger(__name__)


def read_header(path: Path, key: bytes | None = None) -> JournalHeader:
    """`key` opens a sealed journal, here and below. Raises JournalError, OSError."""
    content = open_content(path, key)
    try:
        return decode_header(content.pread(MAX_HEADER_BYTES + 16, 0))[0]
    finally:
        content.close()


def read_journal(path: Path, key: bytes | None = None) -> Iterator[Record]:
    """All whole records; a torn tail ends the iteration. Raises JournalError for damage within. Memory is bounded."""
    tail = JournalTail(path, key)
    try:
        while records := tail.read():
            yield from records
    finally:
        tail.close()


def read_undamaged(path: Path, key: bytes | None = None) -> Iterator[Record]:
    """As `read_journal`, but ends at the first damage, for copies that show what there is."""
    try:
        yield from read_journal(path, key)
    except JournalError as error:
        logger.warning("journal %s is read up to its damage: %s", path.stem, error)


class JournalTail:
    """Follows a journal while it is written. Remembers where the last whole record ended, nothing else."""

    def __init__(self, path: Path, key: bytes | None = None) -> None:
        """Raises OSError; the header may come later."""
        self._content = open_content(path, key)
        self.offset = 0

    def read(self) -> list[Record]:
        """The next whole records, at most about a megabyte of them; empty when there are none yet.

        Raises JournalError where the next one is damaged.
        """
        if self.offset == 0 and not self._pass_header():
            return []
        data = self._content.pread(CHUNK_BYTES, self.offset)
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
        self._content.close()

    def _pass_header(self) -> bool:
        data = self._content.pread(MAX_HEADER_BYTES + 16, 0)
        try:
            _, self.offset = decode_header(data)
        except JournalError:
            if len(data) >= MAX_HEADER_BYTES:
                raise
            return False
        return True
