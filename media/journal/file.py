"""One journal file, as the writer thread sees it: appended to, synced, never rewritten."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from media.events import SegmentClosed, TroubleCause
from media.journal.files import JournalFiles
from media.journal.format import RECORD_OVERHEAD_BYTES, RTP, JournalHeader, encode_header, encode_record
from media.journal.segment import SEGMENT_US, SegmentBuilder
from media.journal.writer import Inbox, JournalEnd, JournalListener, JournalResumed, JournalTrouble

RETRY_S = 1.0
#: With the time in the inbox and the time until the thread looks, what a power cut takes stays below a second.
SYNC_S = 0.7
#: After a pause much waits. A write becomes one chunk of a sealed journal, and a torn one is cut between two.
MOST_WRITE_BYTES = 512 * 1024
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

logger = logging.getLogger(__name__)

#: Calls a function of the listener on the loop.
Tell = Callable[[Callable[[], None]], None]


class JournalFile:
    """State of one file. Called by one thread only; `now_s` is monotonic, what is told goes through `tell`."""

    def __init__(
        self,
        path: Path,
        header: JournalHeader,
        inbox: Inbox,
        listener: JournalListener,
        files: JournalFiles,
        tell: Tell,
        floor_bytes: int,
    ) -> None:
        self._path = path
        self._header = header
        self._inbox = inbox
        self._listener = listener
        self._files = files
        self._tell = tell
        self._floor_bytes = floor_bytes
        self._segment = SegmentBuilder(header)
        self._descriptor: int | None = None
        self._length = 0
        self._ended_us = header.created_us
        self._unsynced: list[tuple[int, bytes]] = []
        self._unsynced_since_s = 0.0
        self._sync_failed = False
        self._closed: list[SegmentClosed] = []
        self._segment_since_s = 0.0
        self._trouble: TroubleCause | None = None
        self._retry_s = 0.0
        self._space_checked_s = float("-inf")
        self._dropped = 0
        self._dropped_span_us = (0, 0)

    def work(self, now_s: float) -> None:
        """Take what waits and bring it, and what became due, to the medium."""
        self.write(now_s)
        if self.sync_is_due(now_s):
            self.sync(now_s)

    def write(self, now_s: float) -> None:
        """Bring what waits to the file, that is to the page cache."""
        records = self._inbox.take()
        if self._trouble is not None and now_s >= self._retry_s:
            self._try_again(now_s)
        if self._trouble is not None:
            self._drop(records)
            return
        try:
            self._require_space(now_s)
            self._append(records, now_s)
        except OSError as error:
            self._enter_trouble(error, records, now_s)

    def sync_is_due(self, now_s: float) -> bool:
        """Whether `sync` has something to do."""
        if self._trouble is not None:
            return False
        return bool(self._closed) or (bool(self._unsynced) and now_s - self._unsynced_since_s >= SYNC_S)

    def sync(self, now_s: float) -> None:
        """Bring the file to the medium and tell the segments that are there now. Takes as long as the disk does."""
        try:
            self._sync()
        except OSError as error:
            self._enter_trouble(error, [], now_s)

    def give_up(self) -> None:
        """A fault of ours ended the writing: nobody may go on believing that this track is recorded."""
        if self._trouble is None:
            self._announce("io_error", self._ended_us)

    def finish(self, now_s: float) -> JournalEnd:
        """Write the rest, close the last segment and the file. Raises OSError where the file could never be made."""
        self._retry_s = now_s
        self.work(now_s)
        try:
            self._settle()
        except OSError as error:
            self._enter_trouble(error, [], now_s)
        if self._descriptor is None:
            raise OSError(errno.EIO, "the journal could not be made")
        descriptor, self._descriptor = self._descriptor, None
        self._files.close(descriptor)
        lost = self._dropped if self._trouble is not None else 0
        return JournalEnd(self._ended_us, self._length, self._segment.running.hexdigest(), lost)

    def _require_space(self, now_s: float) -> None:
        if now_s - self._space_checked_s < RETRY_S:
            return
        self._space_checked_s = now_s
        if self._files.free_bytes(_existing(self._path.parent)) < self._floor_bytes:
            raise OSError(errno.ENOSPC, "free space is at its floor")

    def _append(self, records: list[tuple[int, int, bytes]], now_s: float) -> None:
        """Raises OSError with the records that are not in the file still in `records`."""
        self._ensure_created(now_s)
        while records:
            if self._segment.belongs_elsewhere(records[0][1]):
                self._close_segment()
            count = self._fitting(records)
            content = b"".join(encode_record(*record) for record in records[:count])
            self._write(content, now_s)
            self._count(records[:count])
            del records[:count]
        if not self._segment.empty and now_s - self._segment_since_s >= SYNC_S:
            self._close_segment()

    def _ensure_created(self, now_s: float) -> None:
        if self._descriptor is None:
            self._descriptor = self._files.create(self._path)
        if self._length == 0:
            self._write(encode_header(self._header), now_s)

    def _fitting(self, records: list[tuple[int, int, bytes]]) -> int:
        """How many of the records belong to the open segment and go into one write; at least one."""
        first_us, last_us = self._segment.span_with(records[0][1])
        size_bytes = 0
        for count, (_, arrival_us, payload) in enumerate(records):
            first_us, last_us = min(first_us, arrival_us), max(last_us, arrival_us)
            size_bytes += len(payload) + RECORD_OVERHEAD_BYTES
            if last_us - first_us >= SEGMENT_US or size_bytes > MOST_WRITE_BYTES:
                return max(1, count)
        return len(records)

    def _write(self, content: bytes, now_s: float) -> None:
        """All of it or nothing: what was written in part is cut off again."""
        assert self._descriptor is not None
        written = 0
        try:
            while written < len(content):
                step = self._files.write(self._descriptor, content[written:], self._length + written)
                if step <= 0:
                    raise OSError(errno.EIO, "nothing was written")
                written += step
        except OSError:
            self._files.truncate(self._descriptor, self._length)
            raise
        if self._segment.empty:
            self._segment_since_s = now_s
        if not self._unsynced:
            self._unsynced_since_s = now_s
        self._unsynced.append((self._length, content))
        self._length += written
        self._segment.cover(content)

    def _count(self, records: list[tuple[int, int, bytes]]) -> None:
        for kind, arrival_us, payload in records:
            self._segment.count(kind, arrival_us, payload)
            self._ended_us = max(self._ended_us, arrival_us)

    def _close_segment(self) -> None:
        if not self._segment.empty:
            self._closed.append(self._segment.close())

    def _sync(self) -> None:
        """A closed segment is told only when its bytes can no longer be lost."""
        assert self._descriptor is not None
        self._sync_failed = True
        self._files.sync(self._descriptor)
        self._sync_failed = False
        self._unsynced.clear()
        for segment in self._closed:
            self._tell(partial(self._listener.segment_closed, segment))
        self._closed.clear()

    def _settle(self) -> None:
        """Close and sync what is whole in the file. A sync that failed once may lie the second time: leave it then."""
        self._close_segment()
        if self._descriptor is not None and not self._sync_failed:
            self._sync()

    def _enter_trouble(self, error: OSError, records: list[tuple[int, int, bytes]], now_s: float) -> None:
        cause: TroubleCause = "disk_full" if error.errno in NO_SPACE else "io_error"
        self._retry_s = now_s + RETRY_S
        if self._trouble is None:
            self._announce(cause, records[0][1] if records else self._ended_us)
            self._settle_quietly()
        self._trouble = cause
        self._drop(records)

    def _announce(self, cause: TroubleCause, at_us: int) -> None:
        self._trouble = cause
        self._dropped_span_us = (at_us, at_us)
        trouble = JournalTrouble(self._header.session_id, self._header.track_id, cause, at_us)
        self._tell(partial(self._listener.journal_trouble, trouble))

    def _settle_quietly(self) -> None:
        try:
            self._settle()
        except OSError as error:
            logger.warning("a journal cannot be synced: errno %s", error.errno)

    def _drop(self, records: list[tuple[int, int, bytes]]) -> None:
        for kind, arrival_us, _ in records:
            self._dropped += kind == RTP
            self._dropped_span_us = (self._dropped_span_us[0], max(self._dropped_span_us[1], arrival_us))

    def _try_again(self, now_s: float) -> None:
        """After a failed sync nobody knows what reached the medium, so all since the last good one is written again."""
        try:
            self._space_checked_s = float("-inf")
            self._require_space(now_s)
            self._ensure_created(now_s)
            assert self._descriptor is not None
            self._files.truncate(self._descriptor, self._length)
            for offset, content in self._unsynced:
                self._rewrite(self._descriptor, offset, content)
            self._sync()
        except OSError as error:
            self._enter_trouble(error, [], now_s)
            return
        self._close_segment()
        self._leave_trouble()

    def _rewrite(self, descriptor: int, offset: int, content: bytes) -> None:
        if self._files.write(descriptor, content, offset) != len(content):
            raise OSError(errno.EIO, "a short write")

    def _leave_trouble(self) -> None:
        ids = (self._header.session_id, self._header.track_id)
        resumed = JournalResumed(*ids, *self._dropped_span_us, self._dropped)
        self._trouble = None
        self._dropped = 0
        self._tell(partial(self._listener.journal_resumed, resumed))


def _existing(path: Path) -> Path:
    """The nearest folder that is there: space is asked for before the journal's own folder is made."""
    while not path.exists():
        path = path.parent
    return path
