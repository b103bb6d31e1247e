"""Feedback bytes, checked against bytes worked out by hand from the draft and against a decoder of its own."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.transport_cc import (
    MAX_MISSING_PER_ROUND,
    MAX_STATUSES,
    TransportCcRecorder,
    build_feedback,
    pack_chunks,
)

pytestmark = pytest.mark.unit


def decode(message: bytes) -> tuple[int, dict[int, int | None], int]:
    """(first sequence, arrival in us or None for each packet, feedback count)."""
    first_byte, kind, words, _, _, first, count, tail = struct.unpack_from("!BBHIIHHI", message)
    assert kind == 205 and first_byte & 31 == 15 and len(message) == 4 * (words + 1)
    at, symbols = 20, []
    while len(symbols) < count:
        (chunk,) = struct.unpack_from("!H", message, at)
        at += 2
        if not chunk & 0x8000:
            symbols += [chunk >> 13] * (chunk & 0x1FFF)
        elif not chunk & 0x4000:
            symbols += [chunk >> (13 - bit) & 1 for bit in range(14)]
        else:
            symbols += [chunk >> (12 - 2 * pair) & 3 for pair in range(7)]
    assert all(symbol == 0 for symbol in symbols[count:])
    time_us, arrivals = (tail >> 8) * 64_000, {}
    for index, symbol in enumerate(symbols[:count]):
        if symbol == 0:
            arrivals[first + index] = None
            continue
        delta = message[at] if symbol == 1 else struct.unpack_from("!h", message, at)[0]
        at += 1 if symbol == 1 else 2
        time_us += delta * 250
        arrivals[first + index] = time_us
    padding = len(message) - at
    assert padding < 4 and bool(first_byte & 0x20) == bool(padding)
    return first, arrivals, tail & 0xFF


def test_three_packets_in_a_row_make_the_bytes_of_the_draft() -> None:
    message = build_feedback(1, 0xBEEF, 5, [64_000, 65_000, 66_000], 2)
    assert message.hex() == ("afcd0006000000010000beef00050003000001022003000404000003")


def test_a_missing_packet_and_a_large_delta_are_told_apart() -> None:
    message = build_feedback(1, 2, 0xFFFF, [0, None, 100_000], 0)
    # 1-bit vectors cannot hold a large delta: two-bit vector 01 00 10
    assert message[20:22].hex() == f"{0xC000 | 1 << 12 | 0 << 10 | 2 << 8:04x}"
    assert message[22:25] == bytes([0]) + struct.pack("!h", 400)


def test_chunks_of_runs_and_vectors() -> None:
    assert pack_chunks([1] * 30) == [0x2000 | 30]
    assert pack_chunks([0] * 9000) == [0x1FFF, 9000 - 0x1FFF]
    assert pack_chunks([1, 0] * 7) == [0x8000 | 0b10101010101010]


@given(st.integers(0, 0xFFFF), st.integers(0, 1 << 30), st.integers(1, 6))
def test_every_arrival_is_told_once_to_within_a_tick(start: int, seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    recorder = TransportCcRecorder()
    now_us, told, arrived = 1_000_000_000, {}, {}
    number = start
    for _ in range(rounds):
        for _ in range(chance.randrange(0, 40)):
            now_us += chance.choice([100, 300, 5_000, 70_000])
            if chance.random() > 0.15:
                recorder.receive(number & 0xFFFF, now_us)
                arrived[number & 0xFFFF] = now_us
            number += 1 if chance.random() > 0.02 else chance.randrange(1, 3000)
        for message in recorder.take_feedback(1, 2):
            _, arrivals, _ = decode(message)
            told.update({key & 0xFFFF: value for key, value in arrivals.items() if value is not None})
    assert told.keys() == arrived.keys()
    for key, value in told.items():
        wheel_us = 64_000 << 24
        assert min((value - arrived[key]) % wheel_us, (arrived[key] - value) % wheel_us) <= 250


def test_feedback_counts_up_and_never_describes_too_much() -> None:
    recorder = TransportCcRecorder()
    counts = []
    for index in range(300):
        recorder.receive(index * 200 & 0xFFFF, index * 1000)
        for message in recorder.take_feedback(1, 2):
            _, arrivals, count = decode(message)
            assert len(arrivals) <= MAX_STATUSES
            counts.append(count)
    assert counts == [index & 0xFF for index in range(len(counts))]


def test_nothing_arrived_nothing_told() -> None:
    assert TransportCcRecorder().take_feedback(1, 2) == []


def test_a_packet_that_comes_late_is_told_after_all() -> None:
    recorder = TransportCcRecorder()
    for number in (1, 2, 4):
        recorder.receive(number, number * 1000)
    recorder.take_feedback(1, 2)
    recorder.receive(3, 9000)
    recorder.receive(5, 9500)
    first, arrivals, _ = decode(recorder.take_feedback(1, 2)[0])
    assert first == 3 and arrivals[3] is not None and arrivals[5] is not None


def test_numbers_that_leap_cost_no_more_than_a_round_may() -> None:
    recorder = TransportCcRecorder()
    for index in range(200):
        recorder.receive(index * 511 & 0xFFFF, 1_000 * index)
    messages = recorder.take_feedback(1, 2)
    counted = sum(int.from_bytes(message[14:16], "big") for message in messages)
    assert 200 <= counted <= MAX_MISSING_PER_ROUND + 200


def test_skipped_numbers_are_told_once() -> None:
    recorder = TransportCcRecorder()
    numbers = [65_534, 65_535, 2, 1, 3, 3]
    assert [recorder.receive(number, at) for at, number in enumerate(numbers)] == [0, 0, 2, 0, 0, 0]
