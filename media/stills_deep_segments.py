"""Holds what segments say of their packets against the packets. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from media.events import SegmentClosed
from media.journal.format import JournalHeader, Record
from media.journal.segment import SegmentBuilder

_RTP_CYCLE = 1 << 32


@dataclass(frozen=True, slots=True)
class StatedSegment:
    """What an entry says of a range of a journal. number: the caller's own. Times in unix ms, rounded down."""

    number: int
    offset: int
    length: int
    started_ms: int
    ended_ms: int
    first_rtp: int
    last_rtp: int
    packets: int
    frames: int
    lost: int


class SegmentTally:
    """Takes the records of a journal, or of a run of its segments, in order. wrong: numbers of what does not fit."""

    def __init__(self, header: JournalHeader, segments: Sequence[StatedSegment]) -> None:
        """segments: in order, those that the records are of."""
        self.wrong: list[int] = []
        self._segments = list(segments)
        self._at = 0
        self._seen = 0
        self._counted = not segments or segments[0].offset == 0
        self._builder = SegmentBuilder(header)

    def take(self, record: Record) -> None:
        """The next record."""
        while self._at < len(self._segments) and record.end > self._end():
            self._close()
        self._builder.count(record.kind, record.arrival_us, record.payload)
        self._seen += 1

    def finish(self) -> None:
        """After the last record."""
        while self._at < len(self._segments):
            self._close()

    def _end(self) -> int:
        return self._segments[self._at].offset + self._segments[self._at].length

    def _close(self) -> None:
        stated, found = self._segments[self._at], self._builder.close()
        first_of_run = self._at == 0 and not self._counted
        if not _fits(stated, found, any_record=self._seen > 0, exact=self._counted, lost_is_known=not first_of_run):
            self.wrong.append(stated.number)
        self._at += 1
        self._seen = 0


def _fits(stated: StatedSegment, found: SegmentClosed, *, any_record: bool, exact: bool, lost_is_known: bool) -> bool:
    """exact: the sender's clock was followed from the journal's start on; else only its low 32 bits are known."""
    if (stated.packets, stated.frames) != (found.packets, found.frames):
        return False
    if lost_is_known and stated.lost != found.lost:
        return False
    if any_record and (stated.started_ms, stated.ended_ms) != (found.started_us // 1000, found.ended_us // 1000):
        return False
    if found.packets == 0:
        return True
    apart = (stated.first_rtp - found.first_rtp, stated.last_rtp - found.last_rtp)
    return apart == (0, 0) if exact else all(each % _RTP_CYCLE == 0 for each in apart)
