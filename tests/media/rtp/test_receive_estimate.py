"""The estimate for senders without transport-wide feedback, against lines that carry so much and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.receive_estimate import (
    FIRST_BITS_PER_S,
    LARGEST_BITS_PER_S,
    SMALLEST_BITS_PER_S,
    ReceiveEstimate,
)

pytestmark = pytest.mark.unit


def follow(estimate: ReceiveEstimate, capacity: int, seconds: int, wish: int = 10**7, start_s: int = 0) -> list[int]:
    """A sender that sends what it is told, at most `wish`, over a line that drops the rest."""
    told = []
    for second in range(start_s, start_s + seconds):
        sent = min(estimate.bits_per_s, wish)
        received = min(sent, capacity)
        told.append(estimate.update(second * 1_000_000, received, 1 - received / sent))
    return told


@pytest.mark.parametrize("capacity", [300_000, 500_000, 1_000_000])
def test_a_narrow_line_is_found_and_kept_to(capacity: int) -> None:
    told = follow(ReceiveEstimate(), capacity, 120)
    assert all(0.8 * capacity < bits < 1.25 * capacity for bits in told[20:])


def test_a_wide_line_is_used_up_to_the_bound() -> None:
    assert follow(ReceiveEstimate(), 10**8, 60)[-1] == LARGEST_BITS_PER_S


def test_an_estimate_that_nobody_fills_does_not_grow() -> None:
    assert follow(ReceiveEstimate(), 10**8, 60, wish=400_000)[-1] == FIRST_BITS_PER_S


def test_a_line_that_recovers_is_followed() -> None:
    estimate = ReceiveEstimate()
    assert follow(estimate, 300_000, 30)[-1] < 400_000
    assert follow(estimate, 10**8, 40, start_s=30)[-1] == LARGEST_BITS_PER_S


def test_a_little_loss_changes_nothing() -> None:
    estimate = ReceiveEstimate()
    assert estimate.update(0, 1_400_000, 0.05) == FIRST_BITS_PER_S


def test_one_loss_counts_once() -> None:
    estimate = ReceiveEstimate()
    first = estimate.update(0, 1_000_000, 0.3)
    assert estimate.update(500_000, 1_000_000, 0.3) == first
    assert estimate.update(1_000_000, 1_000_000, 0.3) < first


@given(st.lists(st.tuples(st.integers(0, 10**8), st.floats(0, 1)), max_size=60))
def test_the_bounds_hold_whatever_is_measured(measured: list[tuple[int, float]]) -> None:
    estimate = ReceiveEstimate()
    for second, (received, lost) in enumerate(measured):
        assert SMALLEST_BITS_PER_S <= estimate.update(second * 1_000_000, received, lost) <= LARGEST_BITS_PER_S
