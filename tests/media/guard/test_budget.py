"""How much one peer may ask of the relay, in values."""

from __future__ import annotations

import logging

import pytest

from media.budget import Budget, Credit
from media.guard import STRANGERS, FaultReport, GuardCounters
from media.log_budget import LineBudget

pytestmark = pytest.mark.unit

SECOND_US = 1_000_000


class Clock:
    def __init__(self) -> None:
        self.us = 5 * SECOND_US

    def now_us(self) -> int:
        return self.us


def test_a_window_gives_its_budget_and_the_next_one_a_new_one() -> None:
    clock = Clock()
    budget = Budget(10, clock.now_us)
    assert [budget.take() for _ in range(12)] == [True] * 10 + [False] * 2
    clock.us += SECOND_US
    assert [budget.take() for _ in range(11)] == [True] * 10 + [False]


def test_what_is_not_used_up_costs_no_look_at_the_clock() -> None:
    looks = 0

    def now_us() -> int:
        nonlocal looks
        looks += 1
        return 0

    budget = Budget(1000, now_us)
    assert all(budget.take() for _ in range(1000)) and looks == 1


def test_windows_in_a_row_that_refused_something_are_counted_and_a_quiet_one_ends_the_row() -> None:
    clock = Clock()
    budget = Budget(3, clock.now_us)
    for expected in (0, 1, 2):
        [budget.take() for _ in range(5)]
        assert budget.over_windows == expected
        clock.us += SECOND_US
    clock.us += 2 * SECOND_US
    [budget.take() for _ in range(5)]
    assert budget.over_windows == 0


def test_a_row_that_ended_is_forgotten() -> None:
    clock = Clock()
    budget = Budget(3, clock.now_us)
    for _ in range(4):
        [budget.take() for _ in range(5)]
        clock.us += SECOND_US
    assert budget.is_over(3)
    clock.us += 2 * SECOND_US
    assert not budget.is_over(3)


def test_a_peer_that_stays_within_its_budget_is_never_over_it() -> None:
    clock = Clock()
    budget = Budget(100, clock.now_us)
    for _ in range(1000):
        assert budget.take()
        clock.us += 20_000
    assert budget.over_windows == 0


def test_credit_gives_a_few_at_once_and_then_one_in_each_interval() -> None:
    credit = Credit(3, 2 * SECOND_US)
    assert [credit.take(0) for _ in range(5)] == [True, True, True, False, False]
    assert not credit.take(SECOND_US)
    assert credit.take(2 * SECOND_US) and not credit.take(2 * SECOND_US)
    assert [credit.take(60 * SECOND_US) for _ in range(4)] == [True, True, True, False]


def test_a_peers_own_faults_are_told_at_most_every_ten_seconds() -> None:
    counters = GuardCounters()
    report = FaultReport(counters)
    assert report.find_due(0) is None
    counters.keyframe_storm = 90
    assert report.find_due(1) == "keyframe_storm=90"
    counters.keyframe_storm = 200
    counters.packet_malformed = 1
    assert report.find_due(9 * SECOND_US) is None
    assert report.find_due(11 * SECOND_US) == "packet_malformed=1 keyframe_storm=110"
    assert report.find_due(30 * SECOND_US) is None


def test_a_few_strange_datagrams_are_no_news_and_a_flood_is_told_once_a_minute() -> None:
    counters = GuardCounters(stranger=900)
    report = FaultReport(counters)
    assert report.find_due(0) is None
    counters.stranger, counters.empty = 2000, 10
    assert report.find_due(1) == "empty=10 stranger=2000"
    counters.stranger = 500_000
    assert report.find_due(50 * SECOND_US) is None
    assert report.find_due(61 * SECOND_US) == "stranger=498000"


def test_what_is_left_is_told_at_the_end() -> None:
    counters = GuardCounters(over_cap=5)
    report = FaultReport(counters)
    assert report.find_due(0) == "over_cap=5"
    counters.over_cap = 6
    assert report.find_due(1) is None
    assert report.find_due(1, last=True) == "over_cap=1"


def test_only_what_anybody_can_send_counts_as_a_strangers() -> None:
    assert STRANGERS == {"empty", "stranger", "malformed", "stun_unknown", "checks_refused"}


def test_a_log_has_so_many_lines_a_second_and_says_how_many_there_were_besides() -> None:
    clock = Clock()
    lines = LineBudget(3, clock.now_us)

    def record() -> logging.LogRecord:
        return logging.LogRecord("media", logging.WARNING, "", 0, "line %s", ("x",), None)

    assert [lines.filter(record()) for _ in range(10)] == [True] * 3 + [False] * 7
    clock.us += SECOND_US
    next_one = record()
    assert lines.filter(next_one) and next_one.getMessage() == "line x (and 7 lines before it)"
