from __future__ import annotations

import pytest

from media.rtp.line_loss import LineLoss
from media.rtp.rtcp import Report

pytestmark = pytest.mark.unit


def report(highest: int, lost: int) -> Report:
    return Report(1, 255, lost, highest, 0, 0, 0)


def test_holes_of_the_senders_line_are_none_of_the_receivers() -> None:
    line = LineLoss()
    line.take(report(1000, 3), holes=3, source=1)
    line.take(report(1100, 13), holes=13, source=1)
    assert line.take_fraction() == 0
    line.take(report(1200, 5), holes=5, source=1)
    assert line.take_fraction() == 0


def test_what_was_sent_and_not_received_is_told_once() -> None:
    line = LineLoss()
    line.take(report(0x1_0000, 0), holes=0, source=1)
    line.take(report(0x1_0000 + 100, 25), holes=5, source=1)
    assert line.take_fraction() == pytest.approx(0.2)
    assert line.take_fraction() is None


def test_a_handful_of_packets_new_counters_and_another_source_say_nothing() -> None:
    line = LineLoss()
    line.take(report(100, 0), holes=0, source=1)
    line.take(report(110, 8), holes=0, source=1)
    assert line.take_fraction() is None
    line.take(report(50, 40), holes=0, source=1)
    line.take(report(150, 40), holes=40, source=2)
    assert line.take_fraction() is None
