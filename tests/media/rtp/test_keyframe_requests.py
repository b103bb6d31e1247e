from __future__ import annotations

import pytest

from media.rtp.keyframe import MAX_REPEATS, MIN_INTERVAL_US, WITHHELD_US, KeyframeRequester

pytestmark = pytest.mark.unit


def test_a_hundred_requests_in_a_second_reach_the_sender_at_most_three_times() -> None:
    requester = KeyframeRequester()
    asked = sum(requester.request(number * 10_000) for number in range(100))
    assert asked <= 3


def test_a_request_is_repeated_until_a_key_frame_begins_and_not_for_ever() -> None:
    requester = KeyframeRequester()
    assert requester.request(0)
    assert not requester.due(MIN_INTERVAL_US - 1) and requester.due(MIN_INTERVAL_US)
    requester.arrived()
    assert not requester.due(2 * MIN_INTERVAL_US)
    requester.request(3 * MIN_INTERVAL_US)
    asked = sum(requester.due(number * MIN_INTERVAL_US) for number in range(4, 40))
    assert asked == MAX_REPEATS - 1 and not requester.wanted


def test_a_viewer_that_asks_during_a_repair_is_heard_when_it_asks_again() -> None:
    requester = KeyframeRequester()
    assert not requester.mend(0, is_repairing=True) and not requester.wanted
    assert not requester.mend(WITHHELD_US - 1, is_repairing=True)
    assert requester.mend(WITHHELD_US, is_repairing=True) and requester.withheld == 2


def test_a_viewer_that_asks_without_a_repair_is_heard_at_once() -> None:
    assert KeyframeRequester().mend(0, is_repairing=False)


def test_repairs_that_ended_well_each_have_their_own_patience() -> None:
    requester = KeyframeRequester()
    assert [requester.mend(number * 3_000_000, is_repairing=True) for number in range(5)] == [False] * 5
