"""Token buckets with a clock that stands still."""

from __future__ import annotations

import pytest

from inspection.domain.errors import InspectionError, Kind
from web.rate_limit import Rate, RateLimits

pytestmark = pytest.mark.unit


class Hand:
    """A clock's hand."""

    def __init__(self) -> None:
        self.at_s = 100.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
def limits(hand):
    return RateLimits(hand, {"login": Rate(per_s=0.5, burst=3.0), "other": Rate(1.0, 1.0)}, most_buckets=4)


def spend(limits, count, subject="one"):
    for _ in range(count):
        limits.take("login", subject)


def test_a_burst_passes_and_the_next_is_told_how_long_to_wait(limits):
    spend(limits, 3)
    with pytest.raises(InspectionError) as refused:
        limits.take("login", "one")
    assert (refused.value.kind, refused.value.code, refused.value.retry_after_s) == (
        Kind.NOT_ALLOWED, "too_many_attempts", 2,
    )  # fmt: skip


def test_waiting_as_told_is_enough_and_refusals_cost_nothing(limits, hand):
    spend(limits, 3)
    for _ in range(5):
        with pytest.raises(InspectionError):
            limits.take("login", "one")
    hand.at_s += 2.0
    limits.take("login", "one")


def test_a_long_pause_gives_one_burst_and_no_more(limits, hand):
    spend(limits, 3)
    hand.at_s += 1e6
    spend(limits, 3)
    with pytest.raises(InspectionError):
        limits.take("login", "one")


def test_subjects_and_scopes_do_not_pay_for_each_other(limits):
    spend(limits, 3)
    spend(limits, 3, "two")
    limits.take("other", "one")
    for spent in ("one", "two"):
        with pytest.raises(InspectionError):
            limits.take("login", spent)


def test_the_table_is_bounded_and_forgets_the_longest_unused(limits):
    spend(limits, 3, "old")
    for number in range(10):
        limits.take("login", f"stranger {number}")
    assert len(limits) == 4
    limits.take("login", "old")


def test_a_clock_that_goes_back_refuses_nobody_for_longer(limits, hand):
    spend(limits, 1)
    hand.at_s -= 50.0
    spend(limits, 2)
    with pytest.raises(InspectionError):
        limits.take("login", "one")
    hand.at_s += 2.0
    limits.take("login", "one")
