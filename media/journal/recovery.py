"""What a journal holds after a crash: segments nobody attested, and a torn tail."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from media.events import SegmentClosed
from media.journal.files import sync_directory
from media.journal.format import (
    MAX_HEADER_BYTES,
    DamagedRecordError,
    JournalError,
    JournalHeader,
    Record,
    decode_header,
    decode_records,
)
from media.journal.reader import CHUNK_BYTES
from media.journal.segment import SegmentBuilder
from media.sealed.reader import Content, open_content


@dataclass(frozen=True, slots=True)
class Recovery:
    """What `scan` found.

    segments: those after the attested length, in order; their digests are of what is on the disk now.
    whole_bytes: where the last good record ends. torn_bytes: what follows it and is no record.
    sha256: of the file from 0 to `whole_bytes`.
    missing_bytes: how much of the attested length is not there (any more).
    damaged_bytes: attested bytes that are no whole records now. They stay as they are: the ledger tells their digests.
    """

    header: JournalHeader
    segments: tuple[SegmentClosed, ...]
    whole_bytes: int
    torn_bytes: int
    sha256: str
    ended_us: int
    missing_bytes: int
    damaged_bytes: int


def scan(path: Path, attested_length: int = 0, next_index: int = 0, key: bytes | None = None) -> Recovery:
    """Read a journal from its start and cut what lies after `attested_length` into segments, as the writer does.

    `next_index` is the index of the first of them; `key` opens a sealed journal. Reads the whole file: call it off the
    loop.
    Raises JournalError where even the header is not whole or `attested_length` is no end of a record; OSError.
    """
    scanning = _Scan(attested_length, next_index)
    content = open_content(path, key)
    try:
        size = content.size()
        header, start = decode_header(content.pread(MAX_HEADER_BYTES + 16, 0))
        scanning.begin(header, content.pread(start, 0))
        while scanning.take(_next(content, scanning)) or scanning.pass_damage(content, size):
            pass
    finally:
        content.close()
    return scanning.finish(size)


def _next(content: Content, scanning: _Scan) -> bytes:
    """What follows. A broken seal behind all that is attested is what a power cut leaves: a torn end."""
    try:
        return content.pread(CHUNK_BYTES, scanning.whole_bytes)
    except OSError:
        if not scanning.is_past_attested:
            raise
        return b""


class _Scan:
    def __init__(self, attested_length: int, next_index: int) -> None:
        self._attested_length = attested_length
        self._next_index = next_index
        self._segments: list[SegmentClosed] = []
        self._damaged_bytes = 0
        self._ended_us = 0
        self.whole_bytes = 0

    @property
    def is_past_attested(self) -> bool:
        return self.whole_bytes >= self._attested_length

    def begin(self, header: JournalHeader, content: bytes) -> None:
        self._header = header
        self._builder = SegmentBuilder(header, self._next_index)
        self._builder.cover(content)
        self.whole_bytes = len(content)
        self._ended_us = header.created_us
        self._cut_at_attested()

    def take(self, data: bytes) -> bool:
        """The bytes from `whole_bytes` on. False when nothing whole follows."""
        before = self.whole_bytes
        try:
            for record in decode_records(data, before):
                self._add(record, data[self.whole_bytes - before : record.end - before])
        except DamagedRecordError:
            return self.whole_bytes > before
        return self.whole_bytes > before

    def pass_damage(self, content: Content, size: int) -> bool:
        """Go on behind the attested bytes where those are damaged: what was recorded after them is not."""
        if not self.whole_bytes < self._attested_length <= size:
            return False
        self._damaged_bytes = self._attested_length - self.whole_bytes
        while self.whole_bytes < self._attested_length:
            damaged = content.pread(min(CHUNK_BYTES, self._attested_length - self.whole_bytes), self.whole_bytes)
            self._builder.cover(damaged)
            self.whole_bytes += len(damaged)
        self._cut_at_attested()
        return True

    def _add(self, record: Record, content: bytes) -> None:
        if self.whole_bytes < self._attested_length < record.end:
            raise JournalError("the attested length is within a record")
        if self.whole_bytes >= self._attested_length and self._builder.belongs_elsewhere(record.arrival_us):
            self._segments.append(self._builder.close())
        self._builder.cover(content)
        self._builder.count(record.kind, record.arrival_us, record.payload)
        self._ended_us = max(self._ended_us, record.arrival_us)
        self.whole_bytes = record.end
        self._cut_at_attested()

    def _cut_at_attested(self) -> None:
        """What was attested live is one stretch here; it only feeds the counters and the running digest."""
        if self.whole_bytes == self._attested_length:
            self._builder.close()
            self._builder.index = self._next_index

    def finish(self, size: int) -> Recovery:
        if self.whole_bytes > self._attested_length and not self._builder.empty:
            self._segments.append(self._builder.close())
        return Recovery(
            header=self._header,
            segments=tuple(self._segments),
            whole_bytes=self.whole_bytes,
            torn_bytes=size - self.whole_bytes,
            sha256=self._builder.running.hexdigest(),
            ended_us=self._ended_us,
            missing_bytes=max(0, self._attested_length - self.whole_bytes),
            damaged_bytes=self._damaged_bytes,
        )


def cut_torn_tail(path: Path, whole_bytes: int, key: bytes | None = None) -> None:
    """Shorten the file to its last good record and make that last. Raises OSError."""
    content = open_content(path, key)
    try:
        length = content.raw_position(whole_bytes)
    finally:
        content.close()
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_directory(path.parent)
