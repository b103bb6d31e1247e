"""Reads a journal, or a run of whole records out of one, that lies somewhere within another file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from media.journal.format import MAX_HEADER_BYTES, JournalError, Record, decode_header, decode_records

_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class JournalSlice:
    """`length` bytes at `offset` of the file at `path`. journal_offset: where in its journal the slice begins;
    at 0 it begins with the header, else with a record."""

    path: Path
    offset: int
    length: int
    journal_offset: int = 0

    @classmethod
    def whole(cls, path: Path) -> JournalSlice:
        """A journal that is a file of its own. Raises OSError."""
        return cls(path, 0, path.stat().st_size)

    def records(self, journal_offset: int = 0) -> Iterator[Record]:
        """The records from that byte of the journal on, or from the first. `Record.end` counts in the journal.

        Ends before a record that is not whole. Raises JournalError, OSError. Memory is bounded.
        """
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            at = journal_offset or self.journal_offset or self._first_record(descriptor)
            end = self.journal_offset + self.length
            while at < end:
                start = self.offset + at - self.journal_offset
                before = at
                for record in decode_records(os.pread(descriptor, min(_READ_BYTES, end - at), start), at):
                    at = record.end
                    yield record
                if at == before:
                    return
        finally:
            os.close(descriptor)

    def _first_record(self, descriptor: int) -> int:
        head = os.pread(descriptor, min(self.length, MAX_HEADER_BYTES + 16), self.offset)
        if not head:
            raise JournalError("is empty")
        return decode_header(head)[1]
