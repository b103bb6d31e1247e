"""What a segment counts, also where the sender's numbers leap."""

from __future__ import annotations

import struct

import pytest

from media.journal.format import RTP, JournalHeader
from media.journal.segment import MOST_MISSING, SegmentBuilder

pytestmark = pytest.mark.unit

HEADER = JournalHeader("s", "t", "p", "applicant", "video", "VP8", 90_000, 96, 7, 1)


def counted(*sequences: int) -> SegmentBuilder:
    builder = SegmentBuilder(HEADER)
    for sequence in sequences:
        builder.count(RTP, 1_000_000, struct.pack("!BBHII", 0x80, 96, sequence & 0xFFFF, 0, 7) + b"x")
    return builder


def test_what_was_jumped_over_is_lost_unless_it_comes_in_time() -> None:
    assert counted(1, 2, 6, 4).close().lost == 2


def test_leaps_are_counted_without_being_remembered() -> None:
    leaps = [1 + 30_000 * index for index in range(200)]
    builder = counted(*leaps)
    assert len(builder._missing) <= MOST_MISSING
    assert builder.close().lost == 199 * 29_999
