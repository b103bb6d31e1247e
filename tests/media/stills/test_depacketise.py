"""Frames come back from RTP packets, whatever the network did to their order."""

from __future__ import annotations

import random

import pytest

from media.depacketise import EncodedFrame, FrameAssembler
from media.frame_codecs import is_keyframe, keyframe_size, vp8_payload
from tests.media.clips import Packets, encode_vp8, video_packets

pytestmark = pytest.mark.unit

ENCODED = encode_vp8(range(60), keyframes=[30])


def assemble(packets: Packets) -> list[EncodedFrame]:
    assembler = FrameAssembler()
    frames = [frame for packet, arrival_us in packets for frame in assembler.feed(packet, arrival_us)]
    return frames + assembler.flush()


def sequence_of_frame(packets: Packets, position: int) -> list[int]:
    timestamps = sorted({packet[4:8] for packet, _ in packets}, key=[p[4:8] for p, _ in packets].index)
    return [at for at, (packet, _) in enumerate(packets) if packet[4:8] == timestamps[position]]


def test_frames_are_the_bytes_that_were_encoded() -> None:
    frames = assemble(video_packets(ENCODED))
    assert [frame.content for frame in frames] == ENCODED
    assert [frame.index for frame in frames] == list(range(60))
    assert [frame.keyframe for frame in frames] == [position in (0, 30) for position in range(60)]
    assert all(frame.decodable and (frame.width, frame.height) == (320, 240) for frame in frames)


def test_timestamps_go_on_where_the_counter_wraps() -> None:
    frames = assemble(video_packets(ENCODED, first_timestamp=0xFFFF0000))
    assert [frame.rtp_timestamp for frame in frames] == [0xFFFF0000 + 3000 * each for each in range(60)]


def test_packets_out_of_order_give_the_same_frames() -> None:
    packets = video_packets(ENCODED)
    chooser = random.Random(11)
    shuffled = [each for _, each in sorted(enumerate(packets), key=lambda pair: pair[0] + chooser.randrange(6))]
    head = shuffled.index(packets[0])
    shuffled.insert(0, shuffled.pop(head))
    assert [frame.content for frame in assemble(shuffled)] == ENCODED


def test_a_repaired_packet_half_a_second_late_completes_its_frame() -> None:
    packets = video_packets(ENCODED)
    late = sequence_of_frame(packets, 5)[0]
    packet, arrival_us = packets.pop(late)
    packets.insert(sequence_of_frame(packets, 19)[-1] + 1, (packet, arrival_us + 500_000))
    frames = assemble(packets)
    assert [frame.content for frame in frames] == ENCODED
    assert frames[5].arrival_us == arrival_us + 500_000


def test_after_a_lost_frame_nothing_is_decodable_until_the_next_key_frame() -> None:
    packets = video_packets(ENCODED)
    del packets[sequence_of_frame(packets, 10)[0]]
    frames = assemble(packets)
    assert len(frames) == 59
    assert [frame.decodable for frame in frames] == [True] * 10 + [False] * 19 + [True] * 30


def test_a_hole_is_given_up_after_its_wait_and_not_before() -> None:
    packets = video_packets(ENCODED)
    del packets[sequence_of_frame(packets, 10)[0]]
    assembler = FrameAssembler()
    given: list[tuple[int, int]] = []
    for packet, arrival_us in packets:
        given += [(frame.arrival_us, arrival_us) for frame in assembler.feed(packet, arrival_us)]
    waits = [now - arrived for arrived, now in given]
    assert max(waits) < 1_300_000
    assert max(waits) >= 1_200_000


def test_padding_takes_a_sequence_number_and_is_no_hole() -> None:
    packets = video_packets(ENCODED[:2], first_sequence=100)
    padding = bytes([0xA0, 96, 0, 100 + len(sequence_of_frame(packets, 0))]) + packets[0][0][4:12] + bytes(9) + b"\x0a"
    second = video_packets(ENCODED[1:2], first_sequence=101 + len(sequence_of_frame(packets, 0)))
    second = [(packet[:4] + packets[-1][0][4:8] + packet[8:], at) for packet, at in second]
    first = [packets[at] for at in sequence_of_frame(packets, 0)]
    frames = assemble([*first, (padding, first[0][1]), *second])
    assert [frame.content for frame in frames] == ENCODED[:2]
    assert all(frame.decodable for frame in frames)


def test_another_source_begins_anew_and_waits_for_its_key_frame() -> None:
    first = video_packets(ENCODED[:5])
    second = video_packets(ENCODED[5:8] + ENCODED[30:33], ssrc=9, first_sequence=3, start_us=first[-1][1] + 40_000)
    frames = assemble(first + second)
    assert [frame.index for frame in frames] == list(range(11))
    assert [frame.decodable for frame in frames] == [True] * 5 + [False] * 3 + [True] * 3


@pytest.mark.parametrize("payload", [b"", b"\x90", b"\x90\x80", b"\x90\x80\x81", b"\x10"])
def test_a_descriptor_that_is_cut_off_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="descriptor"):
        vp8_payload(payload)


def test_noise_never_breaks_the_assembler() -> None:
    chooser = random.Random(3)
    packets = video_packets(ENCODED)
    for at in range(0, len(packets), 3):
        packet = bytearray(packets[at][0])
        packet[chooser.randrange(len(packet))] ^= 1 << chooser.randrange(8)
        packets[at] = (bytes(packet[: chooser.randrange(1, len(packet))]), packets[at][1])
    for frame in assemble(packets):
        assert frame.content


def test_the_size_is_read_from_the_key_frame() -> None:
    odd = encode_vp8([1], width=322, height=242)[0]
    assert is_keyframe(odd)
    assert keyframe_size(odd) == (322, 242)
