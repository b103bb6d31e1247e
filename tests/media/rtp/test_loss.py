from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.loss import (
    DUPLICATE,
    GIVE_UP_US,
    LONGEST_HOLD_US,
    MAX_NACK_SPAN,
    NEVER_US,
    OUTAGE_US,
    LossTracker,
)

pytestmark = pytest.mark.unit


def test_a_gap_is_asked_for_at_once_and_again_until_it_is_repaired() -> None:
    losses = LossTracker()
    losses.receive(10, 0)
    losses.receive(13, 1000)
    assert losses.ask_us == 1000
    assert losses.asks_due(1000) == [11, 12]
    assert losses.ask_us == 151_000
    assert losses.asks_due(50_000) == []
    assert losses.receive(11, 60_000) != DUPLICATE
    assert losses.asks_due(151_000) == [12]
    assert losses.receive(12, 160_000) != DUPLICATE
    assert losses.missing == {} and losses.repaired == 2 and losses.lost == 0 and losses.ask_us == NEVER_US


def test_the_round_trip_sets_the_pace_of_retries() -> None:
    losses = LossTracker()
    losses.receive(0, 0)
    losses.receive(2, 0)
    losses.asks_due(0)
    losses.receive(1, 40_000)
    assert losses.rtt_us == 40_000
    losses.receive(4, 50_000)
    losses.asks_due(50_000)
    assert losses.asks_due(95_000) == []
    assert losses.asks_due(110_000) == [3]


def test_a_packet_that_was_only_overtaken_is_no_measure_of_the_round_trip() -> None:
    losses = LossTracker(has_rtx=True)
    losses.receive(0, 0)
    losses.receive(2, 0)
    losses.asks_due(0)
    losses.receive(1, 3_000)
    assert losses.rtt_us == 0
    losses.receive(4, 10_000)
    losses.asks_due(10_000)
    losses.resent(3, 110_000)
    losses.receive(3, 110_000)
    assert losses.rtt_us == 100_000


def ask_and_answer(losses: LossTracker, start: int, now_us: int, asks_us: list[int], answer_us: int) -> None:
    losses.receive(start, now_us)
    losses.receive(start + 2, now_us)
    for at_us in asks_us:
        assert losses.asks_due(now_us + at_us) == [start + 1]
    losses.resent(start + 1, now_us + answer_us)
    assert losses.receive(start + 1, now_us + answer_us) != DUPLICATE


def test_before_the_first_measure_any_answer_will_do_or_a_long_way_would_never_be_known() -> None:
    losses = LossTracker(has_rtx=True)
    ask_and_answer(losses, 0, 0, [0, 150_000], answer_us=200_000)
    assert losses.rtt_us == 200_000


def test_an_answer_that_comes_too_soon_after_a_question_belongs_to_the_one_before() -> None:
    losses = LossTracker(has_rtx=True)
    ask_and_answer(losses, 0, 0, [0], answer_us=100_000)
    ask_and_answer(losses, 3, 1_000_000, [0, 150_000], answer_us=180_000)
    assert losses.rtt_us == (7 * 100_000 + 180_000) // 8
    ask_and_answer(losses, 6, 2_000_000, [0, 300_000], answer_us=400_000)
    assert losses.rtt_us == (7 * 100_000 + 180_000) // 8


def test_where_packets_overtake_each_other_a_gap_gets_their_usual_time() -> None:
    losses = LossTracker(has_rtx=True)
    losses.receive(0, 0)
    losses.receive(2, 0)
    assert losses.asks_due(0) == [1]
    losses.receive(1, 12_000)
    losses.receive(4, 100_000)
    assert losses.ask_us == 112_000 and losses.asks_due(111_000) == []
    assert losses.suspect(105_000) is None
    assert losses.asks_due(112_000) == [3]
    losses.resent(3, 220_000)
    losses.receive(3, 220_000)
    for number in range(60):
        ask_and_answer(losses, 5 + 3 * number, 1_000_000 * (number + 1), [30_000], answer_us=130_000)
    losses.receive(300, 100_000_000)
    assert losses.ask_us < 100_002_000, "losses without overtaking end the patience"


def test_a_packet_that_is_overtaken_by_far_is_not_waited_for_so_long() -> None:
    losses = LossTracker(has_rtx=True)
    losses.receive(0, 0)
    losses.receive(2, 0)
    losses.receive(1, 80_000)
    losses.receive(4, 100_000)
    assert losses.ask_us == 100_000 + LONGEST_HOLD_US


def test_voice_answers_without_a_mark_are_told_from_late_packets_by_their_time() -> None:
    losses = LossTracker()
    losses.receive(0, 0)
    losses.receive(2, 0)
    losses.asks_due(0)
    losses.receive(1, 100_000)
    losses.receive(4, 200_000)
    losses.asks_due(200_000)
    losses.receive(3, 210_000)
    assert losses.rtt_us == 100_000
    losses.receive(6, 300_000)
    assert losses.ask_us == 310_000


def test_a_shaky_round_trip_is_waited_for_longer() -> None:
    steady, shaky = LossTracker(), LossTracker()
    for losses, took_us in ((steady, [100_000] * 20), (shaky, [60_000, 140_000] * 10)):
        for number, sample_us in enumerate(took_us):
            losses.receive(4 * number, number * 1_000_000)
            losses.receive(4 * number + 2, number * 1_000_000)
            losses.asks_due(number * 1_000_000)
            losses.receive(4 * number + 1, number * 1_000_000 + sample_us)
            losses.missing.clear()
    for losses, paced_us in ((steady, 115_000), (shaky, 160_000)):
        losses.receive(1000, 30_000_000)
        losses.receive(1002, 30_000_000)
        losses.asks_due(30_000_000)
        assert (losses.ask_us - 30_000_000 > paced_us) == (losses is shaky)


def test_what_may_be_a_lost_end_is_asked_for_once_and_again_by_the_pace_of_retries() -> None:
    losses = LossTracker()
    assert losses.suspect(0) is None
    losses.receive(0xFFFF, 0)
    assert losses.suspect(20_000) == 0
    assert losses.suspect(21_000) is None
    losses.receive(2, 66_000)
    assert losses.asks_due(66_000) == [1]
    assert losses.ask_us == 170_000 and losses.asks_due(170_000) == [0]


def test_a_lost_end_that_comes_before_its_successor_was_never_missing() -> None:
    losses = LossTracker()
    losses.receive(5, 0)
    losses.suspect(20_000)
    assert losses.receive(6, 60_000) != DUPLICATE
    assert losses.receive(7, 66_000) != DUPLICATE and losses.missing == {}


def test_skipped_numbers_are_told_before_the_packet_is_taken() -> None:
    losses = LossTracker()
    assert losses.count_skipped(7) == 0
    losses.receive(0xFFFE, 0)
    assert [losses.count_skipped(sequence) for sequence in (0xFFFF, 1, 0xFFFE, 0xFFF0)] == [0, 2, 0, 0]


def test_what_does_not_come_is_given_up_once_with_its_time() -> None:
    losses = LossTracker()
    losses.receive(0, 500)
    losses.receive(3, 2000)
    losses.asks_due(2000)
    assert losses.take_given_up() is None
    losses.asks_due(2001 + GIVE_UP_US)
    run = losses.take_given_up()
    assert run is not None and (run.packets, run.started_us, run.ended_us) == (2, 500, 2000)
    assert losses.take_given_up() is None and losses.lost == 2
    assert losses.receive(1, 3_000_000) == DUPLICATE


def test_what_is_still_asked_for_when_the_stream_ends_is_lost() -> None:
    losses = LossTracker()
    losses.receive(0, 500)
    losses.receive(3, 2000)
    run = losses.take_all_lost()
    assert run is not None and (run.packets, run.started_us, run.ended_us) == (2, 500, 2000)
    assert losses.take_all_lost() is None and losses.ask_us == NEVER_US


def test_a_long_silence_of_the_sequence_is_counted_and_not_asked_for() -> None:
    losses = LossTracker()
    losses.receive(0, 0)
    losses.receive(5000, 1000)
    assert losses.missing == {} and losses.lost == 4999
    assert losses.ask_us == 1000, "told at once"
    assert losses.asks_due(1000) == [] and losses.ask_us == NEVER_US


def test_what_an_outage_swallowed_is_lost_at_once_and_not_asked_for() -> None:
    losses = LossTracker()
    losses.receive(0, 0)
    losses.receive(200, OUTAGE_US + 1)
    assert losses.missing == {} and losses.lost == 199
    run = losses.take_given_up()
    assert run is not None and (run.started_us, run.ended_us, run.packets) == (0, OUTAGE_US + 1, 199)


def test_the_list_of_missing_packets_is_bounded() -> None:
    losses = LossTracker()
    for sequence in range(0, 6000, 4):
        losses.receive(sequence, sequence)
    assert len(losses.missing) <= MAX_NACK_SPAN


@given(st.integers(0, 0xFFFF), st.integers(0, 1 << 30))
def test_received_missing_and_lost_add_up_under_loss_reordering_and_doubling(start: int, seed: int) -> None:
    chance = random.Random(seed)
    sent = list(range(start, start + 400))
    arriving = [number for number in sent if chance.random() > 0.1]
    arriving += chance.choices(arriving, k=20)
    arriving.sort(key=lambda number: number + chance.uniform(0, 6))
    losses = LossTracker()
    taken: list[int] = []
    for at, number in enumerate(arriving):
        unwrapped = losses.receive(number & 0xFFFF, at * 1000)
        if unwrapped != DUPLICATE:
            taken.append(unwrapped)
    assert len(set(taken)) == len(taken) == losses.received
    expected = losses.highest - losses.started_at + 1
    assert expected == losses.received + len(losses.missing) + losses.lost
