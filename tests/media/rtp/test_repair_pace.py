"""How late a picture's packets come to be there on a losing line: ten minutes of a call in simulated time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.media.rtp.repair_model import Model, Outcome

pytestmark = pytest.mark.unit

SECONDS = 600
PACKETS = 45_000


def losing(share: float, seed: int) -> Callable[[], bool]:
    chance = random.Random(seed)
    return lambda: chance.random() < share


def later_than(outcome: Outcome, late_us: int) -> int:
    return sum(late > late_us for late in outcome.late_us)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_at_five_percent_loss_and_100_ms_one_more_loss_is_repaired_within_a_quarter_of_a_second(seed: int) -> None:
    outcome = Model(100_000, losing(0.05, seed), jitter_us=2_000, seed=seed, tails=True).run(SECONDS)
    assert outcome.lost_for_good == 0
    assert later_than(outcome, 120_000) < 0.006 * PACKETS, "a first repair takes a round trip and the time to notice"
    assert later_than(outcome, 250_000) < 0.0006 * PACKETS, "a second one that much again"
    assert outcome.refused < 50 and outcome.resent < 0.06 * PACKETS


def test_the_voice_between_tells_of_a_frames_lost_end_before_the_next_frame_does() -> None:
    slow, quick = (Model(100_000, losing(0.05, 1), 2_000, 1, tails).run(SECONDS) for tails in (False, True))
    assert later_than(quick, 130_000) < later_than(slow, 130_000) / 3


@pytest.mark.parametrize("round_trip_us", [20_000, 200_000, 400_000])
def test_the_pace_finds_the_round_trip_that_there_is(round_trip_us: int) -> None:
    outcome = Model(round_trip_us, losing(0.05, 4), jitter_us=2_000, seed=4, tails=True).run(SECONDS)
    assert outcome.lost_for_good <= 1 and outcome.refused < 50
    assert later_than(outcome, 2 * round_trip_us + 100_000) < 0.0006 * PACKETS


def test_where_packets_overtake_each_other_few_are_asked_for_in_vain() -> None:
    outcome = Model(100_000, losing(0.0, 1), jitter_us=20_000, seed=1, tails=True).run(SECONDS)
    assert outcome.resent < 0.02 * PACKETS


def test_in_bursts_everything_is_repaired_that_comes_within_its_time() -> None:
    chance, is_bad = random.Random(1), False

    def loses() -> bool:
        nonlocal is_bad
        is_bad = chance.random() < (0.8 if is_bad else 0.022)
        return is_bad

    outcome = Model(100_000, loses, jitter_us=2_000, seed=1, tails=True).run(SECONDS)
    assert outcome.lost_for_good <= 2
