"""A disk that tests can fill, break and slow down, and a listener that remembers."""

from __future__ import annotations

import errno
from pathlib import Path

from media.events import SegmentClosed
from media.journal.files import DiskFiles
from media.journal.writer import JournalResumed, JournalTrouble


class BadDisk(DiskFiles):
    """A real disk with faults on demand. `room_bytes`: what may still be written, None for any amount."""

    def __init__(self) -> None:
        self.free = 10**12
        self.room_bytes: int | None = None
        self.largest_write_bytes: int | None = None
        self.sync_fails = False
        self.create_fails = 0
        self.syncs = 0
        self.synced_bytes = 0
        self._lengths: dict[int, int] = {}

    def create(self, path: Path) -> int:
        if self.create_fails:
            raise OSError(self.create_fails, "cannot be made")
        return super().create(path)

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        if self.largest_write_bytes is not None:
            content = content[: self.largest_write_bytes]
        if self.room_bytes is not None:
            if self.room_bytes == 0:
                raise OSError(errno.ENOSPC, "full")
            content = content[: self.room_bytes]
            self.room_bytes -= len(content)
        written = super().write(descriptor, content, offset)
        self._lengths[descriptor] = max(self._lengths.get(descriptor, 0), offset + written)
        return written

    def sync(self, descriptor: int) -> None:
        if self.sync_fails:
            raise OSError(errno.EIO, "broken")
        super().sync(descriptor)
        self.syncs += 1
        self.synced_bytes = self._lengths.get(descriptor, 0)

    def free_bytes(self, path: Path) -> int:
        assert path.exists()
        return self.free


class Told:
    """What a listener was told, in order."""

    def __init__(self) -> None:
        self.segments: list[SegmentClosed] = []
        self.troubles: list[JournalTrouble] = []
        self.resumed: list[JournalResumed] = []
        self.order: list[str] = []

    def segment_closed(self, segment: SegmentClosed) -> None:
        self.segments.append(segment)
        self.order.append("segment")

    def journal_trouble(self, trouble: JournalTrouble) -> None:
        self.troubles.append(trouble)
        self.order.append("trouble")

    def journal_resumed(self, resumed: JournalResumed) -> None:
        self.resumed.append(resumed)
        self.order.append("resumed")
