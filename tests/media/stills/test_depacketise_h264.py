"""Access units come back from RTP packets, whatever the network and the sender did."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from aiortc.codecs.h264 import H264Encoder

from media.depacketise import EncodedFrame, FrameAssembler
from media.errors import MediaError
from media.stills_decode import PictureDecoder
from media.stills_track import find_picture
from tests.media.clips import Packets, encode_h264, header_of, read_number, video_packets, write_journal
from tests.media.rtp.test_h264 import sps

pytestmark = pytest.mark.unit

ENCODED = encode_h264(range(60), keyframes=[30])
START_CODE = b"\x00\x00\x00\x01"


def assemble(packets: Packets) -> list[EncodedFrame]:
    assembler = FrameAssembler("H264")
    frames = [frame for packet, arrival_us in packets for frame in assembler.feed(packet, arrival_us)]
    return frames + assembler.flush()


def of_frame(packets: Packets, position: int) -> list[int]:
    timestamps = list(dict.fromkeys(packet[4:8] for packet, _ in packets))
    return [at for at, (packet, _) in enumerate(packets) if packet[4:8] == timestamps[position]]


def units_of(frame: bytes) -> list[bytes]:
    return list(H264Encoder._split_bitstream(frame))


def test_access_units_are_what_was_encoded() -> None:
    frames = assemble(video_packets(ENCODED, codec="H264"))
    assert [frame.content for frame in frames] == ENCODED
    assert [frame.keyframe for frame in frames] == [position in (0, 30) for position in range(60)]
    assert all(frame.decodable and (frame.width, frame.height) == (320, 240) for frame in frames)


def test_packets_out_of_order_give_the_same_units() -> None:
    packets = video_packets(ENCODED, codec="H264")
    chooser = random.Random(11)
    shuffled = [each for _, each in sorted(enumerate(packets), key=lambda pair: pair[0] + chooser.randrange(6))]
    shuffled.insert(0, shuffled.pop(shuffled.index(packets[0])))
    assert [frame.content for frame in assemble(shuffled)] == ENCODED


def test_without_markers_another_timestamp_ends_a_unit() -> None:
    packets = [(packet[:1] + bytes([packet[1] & 0x7F]) + packet[2:], at)
               for packet, at in video_packets(ENCODED, codec="H264")]  # fmt: skip
    assert [frame.content for frame in assemble(packets)][:59] == ENCODED[:59]


def test_after_a_lost_packet_nothing_is_decodable_until_the_next_key_frame() -> None:
    packets = video_packets(ENCODED, codec="H264")
    del packets[of_frame(packets, 10)[-1]]
    decoder, shown = PictureDecoder("H264"), []
    for frame in assemble(packets):
        decoder.decode(frame)
        if decoder.newest is not None and decoder.newest.frame is frame:
            shown.append(read_number(decoder.newest.bgr()))
    assert shown == [*range(10), *range(30, 60)]


def test_parameter_sets_that_were_sent_once_stand_before_a_key_frame_that_came_without() -> None:
    bare = b"".join(START_CODE + unit for unit in units_of(ENCODED[30]) if unit[0] & 31 == 5)
    sets = b"".join(START_CODE + unit for unit in units_of(ENCODED[0]) if unit[0] & 31 in (7, 8))
    frames = assemble(video_packets([*ENCODED[:30], bare, *ENCODED[31:]], codec="H264"))
    assert frames[30].content == sets + bare and frames[30].keyframe and frames[30].decodable
    decoder = PictureDecoder("H264")
    for frame in frames[30:]:
        decoder.decode(frame)
    assert decoder.newest is not None and read_number(decoder.newest.bgr()) == 59


def test_a_picture_that_promises_to_be_huge_is_not_decoded(tmp_path: Path) -> None:
    rest = b"".join(START_CODE + unit for unit in units_of(ENCODED[30]) if unit[0] & 31 != 7)
    bomb = START_CODE + sps(16_384, 16_384) + rest
    packets = video_packets([*ENCODED[:10], bomb, *ENCODED[31:40]], codec="H264")
    frames = assemble(packets)
    assert frames[10].too_large and not any(frame.decodable for frame in frames[10:])
    path = write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video", codec="H264"), packets)
    with pytest.raises(MediaError) as refusal:
        find_picture(path, None)
    assert refusal.value.code == "video_too_large"


def test_a_huge_parameter_set_behind_the_key_frame_does_not_reach_the_decoders_memory() -> None:
    """The decoder itself refuses the size that only an inner parameter set claims."""
    hidden = ENCODED[30] + START_CODE + sps(16_384, 16_384) + START_CODE + units_of(ENCODED[30])[-1]
    decoder = PictureDecoder("H264")
    for frame in assemble(video_packets([*ENCODED[:10], hidden], codec="H264")):
        decoder.decode(frame)
    assert decoder.newest is not None and decoder.newest.decoded.width == 320


def test_noise_never_breaks_the_assembler() -> None:
    chooser = random.Random(3)
    packets = video_packets(ENCODED, codec="H264")
    for at in range(0, len(packets), 3):
        packet = bytearray(packets[at][0])
        packet[chooser.randrange(len(packet))] ^= 1 << chooser.randrange(8)
        packets[at] = (bytes(packet[: chooser.randrange(1, len(packet))]), packets[at][1])
    for frame in assemble(packets):
        assert frame.content
