"""A sender's clock on the relay's: smooth against jitter, anchored anew where the clocks part."""

from __future__ import annotations

import random

import pytest

from media.replay_timeline import SoundOrder, Timeline
from tests.media.clips import START_US, tone_packets

pytestmark = pytest.mark.unit


def test_jitter_of_the_network_is_not_seen() -> None:
    timeline, chooser = Timeline(90_000), random.Random(5)
    placed = []
    for frame in range(300):
        delay_us = chooser.randrange(0, 30_000)
        placed.append(timeline.place(frame * 3000, START_US + frame * 33_333 + delay_us))
    steps = {later - earlier for earlier, later in zip(placed, placed[1:], strict=False)}
    assert steps <= {33_333, 33_334}


def test_a_slow_first_frame_does_not_delay_the_rest() -> None:
    timeline = Timeline(90_000)
    timeline.place(0, START_US + 400_000)
    later = [timeline.place(frame * 3000, START_US + frame * 33_333) for frame in range(12, 60)]
    assert all(abs(place - (START_US + frame * 33_333)) <= 40_000 for frame, place in enumerate(later, 12))


@pytest.mark.parametrize("ppm", [-400, 400])
def test_drift_of_a_clock_is_bounded(ppm: int) -> None:
    timeline = Timeline(48_000)
    for packet in range(50 * 600):
        true_us = START_US + packet * 20_000
        place = timeline.place(int(packet * 960 * (1 + ppm / 1e6)), true_us)
        assert abs(place - true_us) <= 60_000


def test_after_a_silence_the_arrival_rules() -> None:
    timeline = Timeline(48_000)
    timeline.place(0, START_US)
    assert timeline.place(960, START_US + 5_000_000) == START_US + 5_000_000


def test_sounds_come_in_order_and_a_hole_is_waited_for() -> None:
    packets = tone_packets(3)
    order = SoundOrder()
    missing = packets.pop(20)
    arranged = [*packets[:40], (missing[0], packets[40][1]), *packets[40:]]
    sounds = [sound for packet, at in arranged for sound in order.feed(packet, at)] + order.flush()
    assert [sound.rtp_timestamp for sound in sounds] == [each * 960 for each in range(150)]


def test_a_hole_that_is_never_filled_is_passed() -> None:
    packets = tone_packets(3)
    del packets[20:23]
    order = SoundOrder()
    sounds = [sound for packet, at in packets for sound in order.feed(packet, at)] + order.flush()
    assert [sound.rtp_timestamp for sound in sounds] == [each * 960 for each in range(150) if not 20 <= each < 23]
