"""Rare key frames for the record."""

from __future__ import annotations

import pytest

from media.rtp.entrances import EVERY_US, LEAST_BITS_PER_S, Entrances

pytestmark = pytest.mark.unit

SECOND_US = 1_000_000


def asked_at(bits_per_s: int, seconds: int, others: frozenset[int] = frozenset()) -> list[int]:
    """Seconds at which a key frame was asked for; at `others` one was asked for by somebody else."""
    entrances, asked = Entrances(), []
    for second in range(1, seconds + 1):
        total = bits_per_s // 8 * second
        if second in others:
            entrances.begin(second * SECOND_US, total)
        elif entrances.due(second * SECOND_US, total):
            asked.append(second)
    return asked


def test_a_strong_sender_is_asked_twice_a_minute() -> None:
    assert asked_at(600_000, 100) == [31, 61, 91]
    assert EVERY_US == 30 * SECOND_US


def test_one_that_came_for_another_reason_counts() -> None:
    assert asked_at(600_000, 70, frozenset({20})) == [50]


def test_a_weak_line_is_left_alone() -> None:
    assert asked_at(LEAST_BITS_PER_S - 8_000, 200) == []
