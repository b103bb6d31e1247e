"""Answers to a receiver that asks for packets again: once a round trip, and no more than the line bears."""

from __future__ import annotations

import pytest

from media.down_repair import CAREFUL_PART, FREE_BYTES, MAX_PACKETS, RepairBudget
from media.rtp.reports import round_trip_us
from media.rtp.rtcp import Report, ntp_from_unix_us

pytestmark = pytest.mark.unit

WALL_US = 1_700_000_000_000_000


def test_a_packet_is_sent_again_once_a_round_trip() -> None:
    budget = RepairBudget(64)
    for _ in range(40):
        budget.note_round_trip(400_000)
    allowed = [now_us for now_us in range(0, 2_000_000, 100_000) if budget.allow(7, 100, now_us)]
    assert allowed == [0, 400_000, 800_000, 1_200_000, 1_600_000]
    assert budget.refused == 15


def test_all_answers_together_stay_a_share_of_the_stream() -> None:
    budget = RepairBudget(512)
    budget.part = CAREFUL_PART
    budget.renew(80_000)
    sent = sum(1_000 for sequence in range(200) if budget.allow(sequence, 1_000, 0))
    assert sent == (80_000 // CAREFUL_PART + FREE_BYTES) // 1_000 * 1_000
    budget.renew(80_000)
    assert sum(budget.allow(sequence, 1_000, 10**7) for sequence in range(200)) == FREE_BYTES // 1_000


def test_many_small_packets_are_bounded_too() -> None:
    budget = RepairBudget(1024)
    assert sum(budget.allow(sequence, 10, 0) for sequence in range(1_000)) == MAX_PACKETS


def test_a_receiver_report_tells_the_round_trip() -> None:
    last_sr = ntp_from_unix_us(WALL_US - 1_250_000) >> 16 & 0xFFFFFFFF
    report = Report(1, 0, 0, 0, 0, last_sr, 65_536)
    assert round_trip_us(report, WALL_US) == pytest.approx(250_000, abs=100)
    assert round_trip_us(report._replace(last_sr=0), WALL_US) is None
    assert round_trip_us(report._replace(delay_since_sr=2 * 65_536), WALL_US) is None
