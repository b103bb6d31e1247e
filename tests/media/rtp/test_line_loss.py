from __future__ import annotations

import pytest

from media.rtp.line_loss import LineLoss
from media.rtp.rtcp import Report

pytestmark = pytest.mark.unit


def report(highest: int, lost: int) -> Report:
    return Report(1, 255, lost, highest, 0, 0, 0)


def test_holes_of_the_senders_line_are_none_of_the_receivers() -> None:
    line = LineLoss()
    line.take(report(1000, 3), sent_packets=997)
    line.take(report(1100, 13), sent_packets=1087)
    assert line.fraction == 0
    line.take(report(1200, 5), sent_packets=1195)
    assert line.fraction == 0


def test_what_was_sent_and_not_received_is() -> None:
    line = LineLoss()
    line.take(report(0x1_0000, 0), sent_packets=0)
    line.take(report(0x1_0000 + 100, 20), sent_packets=100)
    assert line.fraction == pytest.approx(0.2)


def test_a_handful_of_packets_and_new_counters_say_nothing() -> None:
    line = LineLoss()
    line.take(report(100, 0), sent_packets=100)
    line.take(report(100, 0), sent_packets=110)
    assert line.fraction == 0
    line.take(report(50, 0), sent_packets=300)
    assert line.fraction == 0
