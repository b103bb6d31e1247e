"""Reads a journal, or a run of whole records out of one, that lies somewhere within another file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from media.journal.format import MAX_HEADER_BYTES, JournalError, Record, decode_header, decode_records
from media.sealed.reader import Content, open_content

_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class JournalSlice:
    """`length` bytes at `offset` of the file at `path`. journal_offset: where in its journal the slice begins;
    at 0 it begins with the header, else with a record."""

    path: Path
    offset: int
    length: int
    journal_offset: int = 0
    key: bytes | None = field(default=None, repr=False)

    @classmethod
    def whole(cls, path: Path, key: bytes | None = None) -> JournalSlice:
        """A journal that is a file of its own, sealed with `key` or not. Raises OSError."""
        content = open_content(path, key)
        try:
            return cls(path, 0, content.size(), key=key)
        finally:
            content.close()

    def records(self, journal_offset: int = 0) -> Iterator[Record]:
        """The records from that byte of the journal on, or from the first. `Record.end` counts in the journal.

        Ends before a record that is not whole. Raises JournalError, OSError. Memory is bounded.
        """
        content = open_content(self.path, self.key)
        try:
            at = journal_offset or self.journal_offset or self._first_record(content)
            end = self.journal_offset + self.length
            while at < end:
                start = self.offset + at - self.journal_offset
                before = at
                for record in decode_records(content.pread(min(_READ_BYTES, end - at), start), at):
                    at = record.end
                    yield record
                if at == before:
                    return
        finally:
            content.close()

    def _first_record(self, content: Content) -> int:
        head = content.pread(min(self.length, MAX_HEADER_BYTES + 16), self.offset)
        if not head:
            raise JournalError("is empty")
        return decode_header(head)[1]
