"""When a ledger is due for a time stamp."""

from __future__ import annotations

from inspection.domain.checkpoints import Checkpoint
from inspection.services.stamp_schedule import QUIET_S, SETTLE_S, StampSchedule

EVERY_S = 300.0


def head(size: int) -> Checkpoint:
    return Checkpoint("one", size, "00" * 32, "2026-05-06T01:30:00.000Z", "k", "s")


def sizes(schedule: StampSchedule, now_s: float) -> list[int]:
    return [checkpoint.size for _, checkpoint in schedule.take_due(now_s)]


def test_the_first_head_is_due_at_once_and_the_newest_again_after_the_interval() -> None:
    schedule = StampSchedule(EVERY_S)
    schedule.note("one", head(3))
    assert schedule.wait_s(0) == 0 and sizes(schedule, 0) == [3]
    for size in (9, 20, 14):
        schedule.note("one", head(size))
    assert sizes(schedule, 299) == [] and schedule.wait_s(299) == 1
    assert sizes(schedule, 300) == [20]


def test_what_stamping_itself_appends_is_worth_no_stamp() -> None:
    schedule = StampSchedule(EVERY_S)
    schedule.note("one", head(3))
    assert sizes(schedule, 0) == [3]
    schedule.note_own("one", 2)
    schedule.note("one", head(5))
    assert sizes(schedule, 350) == []
    schedule.note("one", head(6))
    assert sizes(schedule, 350) == [6]


def test_an_entry_that_was_not_appended_after_all_does_not_count() -> None:
    schedule = StampSchedule(EVERY_S)
    schedule.note("one", head(3))
    assert sizes(schedule, 0) == [3]
    schedule.note_own("one", 1)
    schedule.note_own("one", -1)
    schedule.note("one", head(4))
    assert sizes(schedule, 300) == [4]


def test_the_end_of_a_session_is_due_when_it_has_settled() -> None:
    schedule = StampSchedule(EVERY_S)
    schedule.note("one", head(3))
    assert sizes(schedule, 0) == [3]
    schedule.close("one", 10)
    schedule.note("one", head(8))
    assert sizes(schedule, 10) == []
    schedule.note("one", head(9))
    assert schedule.wait_s(10) == SETTLE_S and sizes(schedule, 10 + SETTLE_S) == [9]


def test_an_end_is_stamped_also_where_the_session_was_stamped_in_the_same_moment() -> None:
    schedule = StampSchedule(EVERY_S)
    schedule.note("one", head(3))
    schedule.close("one", 0)
    assert sizes(schedule, 0) == [3]
    schedule.note("one", head(4))
    assert sizes(schedule, SETTLE_S) == [4]


def test_a_quiet_ledger_is_forgotten_and_begins_anew() -> None:
    schedule = StampSchedule(EVERY_S)
    schedule.note("one", head(3))
    assert sizes(schedule, 0) == [3]
    assert schedule.wait_s(0) == EVERY_S + QUIET_S
    assert sizes(schedule, EVERY_S + QUIET_S) == [] and schedule.wait_s(500) is None
    schedule.note("one", head(4))
    assert sizes(schedule, 500) == [4]


def test_no_more_ledgers_are_watched_than_there_is_room_for() -> None:
    schedule = StampSchedule(EVERY_S, capacity=1)
    assert schedule.note("one", head(3))
    assert not schedule.note("two", head(3))
    assert schedule.note("one", head(4))
