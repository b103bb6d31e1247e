"""Frames are complete when nothing is missing from the last key frame to their end."""

from __future__ import annotations

import pytest

from media.rtp.frame_ends import MAX_WAITING, FrameEnds

pytestmark = pytest.mark.unit


def test_a_frame_waits_for_what_is_missing_before_its_end_alone() -> None:
    ends = FrameEnds()
    for sequence in (10, 20, 30):
        ends.wait(sequence)
    assert not ends.take_complete([5, 25], 0)
    assert ends.take_complete([25], 0)
    assert not ends.take_complete([25], 0), "what is complete is told once"
    assert ends.take_complete([], 0) and not ends


def test_a_key_frame_needs_nothing_from_before() -> None:
    ends = FrameEnds()
    ends.wait(30)
    assert not ends.take_complete([5], 5)
    assert ends.take_complete([5], 6)


def test_an_end_that_was_lost_itself_takes_its_place() -> None:
    ends = FrameEnds()
    ends.wait(30)
    ends.wait(20)
    assert ends.take_complete([25], 0) and ends
    assert ends.take_complete([], 0) and not ends


def test_what_waits_is_bounded_and_the_newest_stay() -> None:
    ends = FrameEnds()
    for sequence in range(1, 1000):
        ends.wait(sequence)
    assert not ends.take_complete([1000 - MAX_WAITING], 0)
    assert ends.take_complete([1001 - MAX_WAITING], 0)
