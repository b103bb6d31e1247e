"""Leaving out layers and frames: what is passed on stays decodable, and its numbers stay without holes."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.down_layers import EVERY_LAYER, FILL, KEYFRAMES_ONLY, ClosedSequence, DownLayers
from media.rtp.keyframe import begins_vp8_keyframe
from media.rtp.vp8 import parse_descriptor, unwrap_bits
from tests.media.rtp.layered import Frame, in_disorder, make_frames

pytestmark = pytest.mark.unit

LIMITS = [KEYFRAMES_ONLY, 0, 1, 2, EVERY_LAYER]
HEADER_BYTES = 12
#: A seed each: drawing every choice one by one would be slow.
SEEDS = st.integers(0, 2**32).map(random.Random)


class Passing:
    """Feeds packets in some order and keeps what comes out, by outgoing sequence number."""

    def __init__(self, frames: list[Frame], last: tuple[int, int] | None = None) -> None:
        self.frames = frames
        self.layers = DownLayers(True, begins_vp8_keyframe, last)
        self.out: dict[int, tuple[int, bytes]] = {}
        self.index_of = {s: index for index, frame in enumerate(frames) for s in frame.sequences}

    def feed(self, sequence: int, packet: bytes) -> None:
        timestamp = int.from_bytes(packet[4:8], "big")
        passed = self.layers.take(sequence, timestamp, packet, HEADER_BYTES)
        if passed is not None:
            before, payload = passed
            assert sequence - before not in self.out, "a number was given twice"
            self.out[sequence - before] = (sequence, payload)

    def kept(self) -> list[int]:
        """Indices of the frames of which all packets came out."""
        parts: dict[int, int] = defaultdict(int)
        for sequence, payload in self.out.values():
            if payload != FILL:
                parts[self.index_of[sequence]] += 1
        for index, count in parts.items():
            assert count == len(self.frames[index].packets), f"frame {index} is cut"
        return sorted(parts)

    def pictures(self, kept: list[int]) -> list[tuple[int, int]]:
        """(PictureID, TL0PICIDX) as they went out, one a frame; all packets of a frame say the same."""
        found: dict[int, set[tuple[int, int]]] = defaultdict(set)
        for sequence, payload in self.out.values():
            if payload != FILL:
                descriptor = parse_descriptor(payload, 0)
                assert descriptor is not None
                found[self.index_of[sequence]].add((descriptor.picture_id, descriptor.tl0))
        assert all(len(said) == 1 for said in found.values())
        return [next(iter(found[index])) for index in kept]


def packets_of(frames: list[Frame]) -> list[tuple[int, bytes]]:
    return [pair for frame in frames for pair in zip(frame.sequences, frame.packets, strict=True)]


def check_whole(passing: Passing) -> list[int]:
    """Every number from the first to the last is there once, in the sender's order, and nothing lacks what it needs."""
    numbers = sorted(passing.out)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    sources = [passing.out[number][0] for number in numbers]
    assert sources == sorted(sources)
    kept = passing.kept()
    known = set(kept)
    for index in kept:
        assert set(passing.frames[index].refers_to) <= known, f"frame {index} refers to one that was left out"
    return kept


def check_continuous(said: list[tuple[int, int]], bits: int = 15) -> None:
    for (picture, tl0), (next_picture, next_tl0) in zip(said, said[1:], strict=False):
        assert (next_picture - picture) & (1 << bits) - 1 == 1
        assert (next_tl0 - tl0) & 0xFF in (0, 1)


@settings(max_examples=150)
@given(SEEDS, st.sampled_from([2, 3]), st.sampled_from([7, 15]))
def test_any_change_of_limits_leaves_a_stream_that_is_whole(chance: random.Random, layers: int, bits: int) -> None:
    passing = Passing(make_frames(120, chance, layers=layers, picture_bits=bits))
    for frame in passing.frames:
        if chance.random() < 0.15:
            passing.layers.limit = chance.choice(LIMITS)
        for sequence, packet in zip(frame.sequences, frame.packets, strict=True):
            passing.feed(sequence, packet)
    kept = check_whole(passing)
    assert passing.layers.sequence.left_out == sum(
        len(frame.packets) for index, frame in enumerate(passing.frames) if index not in set(kept)
    )
    check_continuous(passing.pictures(kept), bits)


@settings(max_examples=200)
@given(SEEDS, st.integers(1, 12))
def test_late_packets_of_any_frame_leave_no_hole_in_the_numbers(chance: random.Random, reach: int) -> None:
    passing = Passing(make_frames(120, chance))
    arrivals = in_disorder(packets_of(passing.frames), chance, reach)
    for sequence, packet in arrivals:
        if chance.random() < 0.05:
            passing.layers.limit = chance.choice(LIMITS)
        passing.feed(sequence, packet)
    numbers = sorted(passing.out)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@settings(max_examples=200)
@given(SEEDS, st.integers(1, 12), st.sampled_from([0, 1, 2]))
def test_what_is_kept_in_disorder_is_whole_and_decodable(chance: random.Random, reach: int, limit: int) -> None:
    frames = make_frames(120, chance, keyframe_share=0)
    passing = Passing(frames)
    head = packets_of(frames[:4])
    for sequence, packet in head:
        passing.feed(sequence, packet)
    passing.layers.limit = limit
    for position, (sequence, packet) in enumerate(in_disorder(packets_of(frames[4:]), chance, reach)):
        if position == 60:
            passing.layers.limit = EVERY_LAYER
        passing.feed(sequence, packet)
    kept = check_whole(passing)
    assert kept[-1] > 100 and any(frames[index].temporal_id == 2 for index in kept[-10:])


@settings(max_examples=150)
@given(SEEDS, st.integers(1, 12))
def test_the_base_layer_alone_has_continuous_pictures_even_in_disorder(chance: random.Random, reach: int) -> None:
    frames = make_frames(160, chance, keyframe_share=0)
    passing = Passing(frames)
    passing.layers.limit = 0
    for sequence, packet in packets_of(frames[:1]) + in_disorder(packets_of(frames[1:]), chance, reach):
        passing.feed(sequence, packet)
    kept = check_whole(passing)
    assert kept == [index for index, frame in enumerate(frames) if frame.temporal_id == 0]
    check_continuous(passing.pictures(kept))


@settings(max_examples=100)
@given(SEEDS, st.sampled_from([0, 1]))
def test_lost_packets_cost_their_own_frames_only(chance: random.Random, limit: int) -> None:
    frames = make_frames(120, chance, keyframe_share=0)
    passing = Passing(frames)
    passing.layers.limit = limit
    lost = {sequence for sequence, _ in packets_of(frames)[8:] if chance.random() < 0.05}
    for sequence, packet in packets_of(frames):
        if sequence not in lost:
            passing.feed(sequence, packet)
    out = {source for source, _ in passing.out.values()}
    for frame in frames:
        expected = set(frame.sequences) - lost if frame.temporal_id <= limit else set()
        assert expected == out & set(frame.sequences)


@given(SEEDS, st.integers(0, 32_767), st.integers(0, 255))
def test_another_source_goes_on_with_the_pictures_of_the_last(chance: random.Random, picture: int, tl0: int) -> None:
    passing = Passing(make_frames(20, chance, layers=chance.choice([1, 2, 3])), last=(picture, tl0))
    for sequence, packet in packets_of(passing.frames):
        passing.feed(sequence, packet)
    said = passing.pictures(check_whole(passing))
    assert said[0] == ((picture + 1) & 0x7FFF, (tl0 + 1) & 0xFF)
    check_continuous(said)
    assert tuple(passing.layers.numbers.last) == (picture + 20, tl0 + sum(f.temporal_id == 0 for f in passing.frames))


@given(st.lists(st.binary(min_size=12, max_size=24), max_size=10), st.sampled_from(LIMITS))
def test_whatever_comes_is_left_out_or_passed_on_in_order(packets: list[bytes], limit: int) -> None:
    layers = DownLayers(True, begins_vp8_keyframe)
    layers.limit = limit
    numbers = []
    for sequence, packet in enumerate(packets, 0x10000):
        passed = layers.take(sequence, 0, packet, HEADER_BYTES)
        if passed is not None:
            numbers.append(sequence - passed[0])
    assert numbers == list(range(0x10000, 0x10000 + len(numbers))), "a hole in what is passed on"


def test_key_frames_only_are_renumbered_and_everything_returns_with_a_key_frame() -> None:
    chance = random.Random(5)
    frames = make_frames(60, chance, keyframe_share=0.1)
    passing = Passing(frames)
    for index, frame in enumerate(frames):
        passing.layers.limit = KEYFRAMES_ONLY if 10 <= index < 40 else EVERY_LAYER
        for sequence, packet in zip(frame.sequences, frame.packets, strict=True):
            passing.feed(sequence, packet)
    kept = check_whole(passing)
    back = next(index for index in range(40, 60) if frames[index].keyframe)
    assert [index for index in kept if 10 <= index < back] == [i for i in range(10, back) if frames[i].keyframe]
    assert kept[-1] == 59
    check_continuous(passing.pictures(kept))


def test_a_malformed_payload_is_left_out_and_a_probe_of_padding_passes() -> None:
    layers = DownLayers(True, begins_vp8_keyframe)
    header = bytes([0x80]) + bytes(11)
    assert layers.take(0x10000, 0, header + b"\x90\x80", 12) is None
    padded = bytes([0xA0]) + bytes(11) + b"\x00\x00\x03"
    assert layers.take(0x10001, 0, padded, 12) == (1, b"\x00\x00\x03")


def test_a_stream_without_layers_passes_whole_below_any_layer_limit() -> None:
    layers = DownLayers(True, begins_vp8_keyframe)
    layers.limit = 0
    header = bytes([0x80]) + bytes(11)
    assert layers.take(0x10000, 0, header + b"\x10\x01", 12) == (0, b"\x10\x01")


def test_numbers_older_than_the_window_have_no_place() -> None:
    closed = ClosedSequence()
    assert closed.place(5_000) == 0
    closed.leave_out()
    assert closed.place(9_000) == 1
    assert closed.place(8_500) == 1 and closed.place(7_000) is None


def test_unwrapped_pictures_go_on_over_the_end_of_fifteen_bits() -> None:
    assert unwrap_bits(0x7FFF, 0, 15) == 0x8000
