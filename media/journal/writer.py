"""The relay's end of a journal: a bounded queue into the writer thread."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from media.events import SegmentClosed, TroubleCause
from media.journal.format import RECORD_OVERHEAD_BYTES, RTP, SENDER_REPORT, JournalHeader


@dataclass(frozen=True, slots=True)
class JournalTrouble:
    """What arrives for this journal is not being written."""

    session_id: str
    track_id: str
    cause: TroubleCause
    at_us: int


@dataclass(frozen=True, slots=True)
class JournalResumed:
    """It is written again; `packets` RTP packets that arrived between the two times are not in the journal."""

    session_id: str
    track_id: str
    started_us: int
    ended_us: int
    packets: int


@dataclass(frozen=True, slots=True)
class JournalEnd:
    """A closed journal: time of its last record, length and digest of the whole file.

    `lost_packets`: RTP packets that a trouble which was not over kept from it.
    """

    ended_us: int
    bytes: int
    sha256: str
    lost_packets: int = 0


class JournalListener(Protocol):
    """Told on the relay's loop, in the order in which things happened. Must not raise."""

    def segment_closed(self, segment: SegmentClosed) -> None:
        """Its bytes are on the medium."""

    def journal_trouble(self, trouble: JournalTrouble) -> None: ...

    def journal_resumed(self, resumed: JournalResumed) -> None: ...


class Inbox:
    """What waits to be written: filled on the loop, emptied by the writer thread, in bytes bounded by `limit`.

    Each counter has one writer, so that neither side needs a lock; deque's append and popleft are atomic.
    """

    __slots__ = ("_limit", "_records", "added", "taken")

    def __init__(self, limit: int) -> None:
        self._records: deque[tuple[int, int, bytes]] = deque()
        self._limit = limit
        self.added = 0
        self.taken = 0

    def add(self, kind: int, arrival_us: int, payload: bytes) -> bool:
        """False where it is full: the record was not taken."""
        added = self.added + len(payload) + RECORD_OVERHEAD_BYTES
        if added - self.taken > self._limit:
            return False
        self._records.append((kind, arrival_us, payload))
        self.added = added
        return True

    def take(self) -> list[tuple[int, int, bytes]]:
        """All that was added up to now."""
        records = [self._records.popleft() for _ in range(len(self._records))]
        self.taken += sum(len(payload) + RECORD_OVERHEAD_BYTES for _, _, payload in records)
        return records


class JournalWriter:
    """Owned by one track of the relay; made by `JournalDisk.open`.

    `append` is the hot path: it never waits and never raises. Where the disk cannot follow and the inbox is full, the
    newest packets are dropped and reported as trouble (`io_error`).
    """

    def __init__(
        self,
        header: JournalHeader,
        inbox: Inbox,
        listener: JournalListener,
        finish: Callable[[], asyncio.Future[JournalEnd]],
    ) -> None:
        self._header = header
        self._inbox = inbox
        self._listener = listener
        self._finish = finish
        self._end: asyncio.Future[JournalEnd] | None = None
        self._dropped = 0
        self._dropped_from_us = 0
        self._dropped_to_us = 0

    def append(self, packet: bytes, arrival_us: int) -> None:
        """One RTP packet, as it is after decryption."""
        if self._end is not None:
            return
        if not self._inbox.add(RTP, arrival_us, packet):
            self._drop(arrival_us)
        elif self._dropped:
            self._resume()

    def append_sender_report(self, compound: bytes, arrival_us: int) -> None:
        """An RTCP compound packet that begins with a sender report."""
        if self._end is None:
            self._inbox.add(SENDER_REPORT, arrival_us, compound)

    async def aclose(self) -> JournalEnd:
        """Write and sync what waits, close the last segment and the file. Idempotent.

        Raises OSError where the file could never be made, RuntimeError where its JournalDisk was closed first.
        """
        if self._end is None:
            if self._dropped:
                self._resume()
            self._end = self._finish()
        return await asyncio.shield(self._end)

    def _drop(self, arrival_us: int) -> None:
        if not self._dropped:
            self._dropped_from_us = arrival_us
            ids = (self._header.session_id, self._header.track_id)
            self._listener.journal_trouble(JournalTrouble(*ids, "io_error", arrival_us))
        self._dropped += 1
        self._dropped_to_us = arrival_us

    def _resume(self) -> None:
        ids = (self._header.session_id, self._header.track_id)
        span = (self._dropped_from_us, self._dropped_to_us)
        self._listener.journal_resumed(JournalResumed(*ids, *span, self._dropped))
        self._dropped = 0
