from __future__ import annotations

from datetime import UTC, datetime

import pytest

from geo import Fix, Position
from inspection.domain.observations import StillReason
from inspection.domain.still_policy import (
    FixReceived,
    ItemMarked,
    StillState,
    VideoStarted,
    after_event,
    wants_still,
)

pytestmark = pytest.mark.unit
AT = datetime(2026, 5, 6, tzinfo=UTC)


def fix_at(north_m: float, accuracy_m: float = 5.0) -> Fix:
    return Fix(Position(26.0 + north_m / 110_760.0, 119.0), accuracy_m, AT, AT, "gps")


def reasons(*events):
    state, found = StillState(), []
    for event in events:
        found.append(wants_still(event, state))
        state = after_event(event, state)
    return found


def moved(north_m: float, accuracy_m: float = 5.0, doubtful: bool = False) -> FixReceived:
    return FixReceived(fix_at(north_m, accuracy_m), doubtful)


def test_a_still_is_taken_once_at_the_start():
    assert reasons(VideoStarted(), VideoStarted()) == [StillReason.START, None]


def test_a_still_is_taken_at_the_signboard_and_at_each_check_item():
    assert reasons(ItemMarked("signboard"), ItemMarked("layout")) == [StillReason.SIGNBOARD, StillReason.CHECK_ITEM]


def test_a_still_is_taken_at_each_move_of_30_m_since_the_last():
    walked = [moved(metres) for metres in (0, 10, 20, 29, 31, 45, 60, 62)]
    taken = reasons(VideoStarted(), *walked)[1:]
    assert taken == [None, None, None, None, StillReason.MOVED, None, None, StillReason.MOVED]


def test_a_drift_within_the_accuracy_is_no_move():
    assert reasons(VideoStarted(), moved(0, 60.0), moved(40, 60.0))[-1] is None


def test_a_doubtful_fix_moves_nothing():
    events = (VideoStarted(), moved(0), moved(500_000, doubtful=True), moved(5))
    assert reasons(*events)[1:] == [None, None, None]


def test_nothing_is_taken_of_a_move_before_there_is_video():
    assert reasons(moved(0), moved(100)) == [None, None]
