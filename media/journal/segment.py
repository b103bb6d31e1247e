"""Counts what a segment holds. Pure: fed with records in the order of the file."""

from __future__ import annotations

import hashlib

from media.events import SegmentClosed
from media.journal.format import RTP, JournalHeader
from media.rtp.sequence import unwrap16, unwrap32

SEGMENT_US = 1_000_000
#: Sequence numbers that a segment remembers as missing. What a sender leaps over beyond that counts as lost at once.
MOST_MISSING = 4096


class RtpTally:
    """Follows the RTP counters of one track over all its segments."""

    __slots__ = ("_ssrc", "_video", "highest", "timestamp")

    def __init__(self, kind: str) -> None:
        self._video = kind == "video"
        self._ssrc = -1
        self.highest = 0
        self.timestamp = 0

    def take(self, packet: bytes) -> tuple[int, int, range, bool]:
        """(unwrapped timestamp, unwrapped sequence, sequences that it jumped over, whether it ends a frame).

        A packet of another SSRC begins counting anew: nothing is missing between two sources.
        """
        sequence = packet[2] << 8 | packet[3]
        timestamp = int.from_bytes(packet[4:8], "big")
        ssrc = int.from_bytes(packet[8:12], "big")
        if ssrc != self._ssrc:
            self._restart(ssrc, sequence, timestamp)
        unwrapped = unwrap16(self.highest, sequence)
        stamp = unwrap32(self.timestamp, timestamp)
        jumped = range(self.highest + 1, unwrapped)
        if unwrapped > self.highest:
            self.highest, self.timestamp = unwrapped, stamp
        return stamp, unwrapped, jumped, not self._video or packet[1] >= 0x80

    def _restart(self, ssrc: int, sequence: int, timestamp: int) -> None:
        self.highest = sequence - 1
        self.timestamp = timestamp if self._ssrc == -1 else unwrap32(self.timestamp, timestamp)
        self._ssrc = ssrc


class SegmentBuilder:
    """The open segment of one journal: digest, counts and time range of what was added since `offset`."""

    def __init__(self, header: JournalHeader, index: int = 0) -> None:
        self._header = header
        self._tally = RtpTally(header.kind)
        self.running = hashlib.sha256()
        self.index = index
        self.offset = 0
        self.length = 0
        self._begin()

    def _begin(self) -> None:
        self._digest = hashlib.sha256()
        self.offset += self.length
        self.length = 0
        self._started_us = 0
        self._ended_us = 0
        self._rtp: tuple[int, int] | None = None
        self._packets = self._frames = 0
        self._missing: set[int] = set()
        self._lost_for_good = 0

    @property
    def empty(self) -> bool:
        return self.length == 0

    def span_with(self, arrival_us: int) -> tuple[int, int]:
        """The segment's earliest and latest arrival if a record of that time joined it."""
        if not self._started_us:
            return arrival_us, arrival_us
        return min(self._started_us, arrival_us), max(self._ended_us, arrival_us)

    def belongs_elsewhere(self, arrival_us: int) -> bool:
        """Whether a record of that time opens the next segment: a second is full, or the clock was set."""
        started_us, ended_us = self.span_with(arrival_us)
        return ended_us - started_us >= SEGMENT_US

    def count(self, kind: int, arrival_us: int, payload: bytes) -> None:
        """A record joins the segment; its bytes come with `cover`."""
        self._started_us, self._ended_us = self.span_with(arrival_us)
        if kind == RTP:
            self._count_packet(payload)

    def _count_packet(self, packet: bytes) -> None:
        timestamp, sequence, jumped, ends_frame = self._tally.take(packet)
        first, last = self._rtp or (timestamp, timestamp)
        self._rtp = (min(first, timestamp), max(last, timestamp))
        self._packets += 1
        self._frames += ends_frame
        self._missing.discard(sequence)
        if len(self._missing) + len(jumped) <= MOST_MISSING:
            self._missing.update(jumped)
        else:
            self._lost_for_good += len(jumped)

    def cover(self, content: bytes) -> None:
        """Bytes of the file that belong to the segment."""
        self._digest.update(content)
        self.running.update(content)
        self.length += len(content)

    def close(self) -> SegmentClosed:
        """The finished segment; the next one begins at its end."""
        first_rtp, last_rtp = self._rtp or (self._tally.timestamp, self._tally.timestamp)
        segment = SegmentClosed(
            session_id=self._header.session_id,
            track_id=self._header.track_id,
            index=self.index,
            offset=self.offset,
            length=self.length,
            sha256=self._digest.hexdigest(),
            running_sha256=self.running.hexdigest(),
            started_us=self._started_us or self._header.created_us,
            ended_us=self._ended_us or self._header.created_us,
            first_rtp=first_rtp,
            last_rtp=last_rtp,
            packets=self._packets,
            frames=self._frames,
            lost=len(self._missing) + self._lost_for_good,
        )
        self.index += 1
        self._begin()
        return segment
