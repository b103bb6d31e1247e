"""A small copy of a picture: what it takes and shows, and that it may fail without harm."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable

import av
import numpy as np
import pytest

from media.depacketise import FrameAssembler
from media.reencode_client import CopyProcess, CopyProcesses
from media.reencode_main import KEYFRAME, PACKET, RATE, Copier
from media.reencode_pictures import FRAMES_PER_S, SmallEncoder, small_size
from media.rtp.header import HEADER
from media.rtp.vp8 import parse_descriptor
from media.stills_decode import PictureDecoder
from tests.media.clips import encode_h264, encode_vp8, video_packets

pytestmark = pytest.mark.unit

SECOND_US = 1_000_000


def a_clip(seconds: int, width: int = 640, height: int = 360) -> list[tuple[bytes, int]]:
    return video_packets(encode_vp8(range(seconds * 30), width, height), start_us=0)


def shown(packets: list[bytes]) -> list[av.VideoFrame]:
    """The pictures that a receiver decodes."""
    assembler, decoder, seen = FrameAssembler(), PictureDecoder(), []
    for number, packet in enumerate(packets):
        for frame in assembler.feed(packet, number):
            decoder.decode(frame)
            assert decoder.newest is not None
            seen.append(decoder.newest.decoded)
    return seen


class Copied:
    def __init__(self, bits_per_s: int, codec: str = "VP8") -> None:
        self.messages: list[bytes] = []
        self.copier = Copier(codec, bits_per_s, self.messages.append)

    @property
    def packets(self) -> list[bytes]:
        return [message[1:] for message in self.messages if message[:1] == PACKET]


@pytest.mark.parametrize(("bits_per_s", "width"), [(200_000, 480), (120_000, 320)])
def test_a_copy_is_small_slow_and_keeps_to_its_rate(bits_per_s: int, width: int) -> None:
    copied = Copied(bits_per_s)
    for packet, arrival_us in a_clip(3):
        copied.copier.take(PACKET + packet, arrival_us)
    seen = shown(copied.packets)
    assert {(picture.width, picture.height) for picture in seen} == {(width, width * 9 // 16)}
    assert 3 * FRAMES_PER_S - 4 <= len(seen) <= 3 * FRAMES_PER_S + 6
    assert sum(map(len, copied.packets)) * 8 / 3 < 1.6 * bits_per_s
    last = seen[-1].to_ndarray(format="gray")
    assert last.std() > 20


def test_a_copy_keeps_the_time_of_its_source_and_counts_pictures_without_a_hole() -> None:
    copied = Copied(150_000)
    clip = a_clip(2)
    for packet, arrival_us in clip:
        copied.copier.take(PACKET + packet, arrival_us)
    known = {packet[4:8] for packet, _ in clip}
    assert {packet[4:8] for packet in copied.packets} <= known
    descriptors = [d for packet in copied.packets if (d := parse_descriptor(packet, HEADER.size)) is not None]
    pictures = [d.picture_id for d in descriptors if d.begins]
    assert pictures == list(range(pictures[0], pictures[0] + len(pictures)))
    numbers = [packet[2] << 8 | packet[3] for packet in copied.packets]
    assert numbers == list(range(len(numbers)))


def test_h264_is_copied_as_vp8() -> None:
    copied = Copied(150_000, "H264")
    for packet, arrival_us in video_packets(encode_h264(range(30), 640, 360), codec="H264", start_us=0):
        copied.copier.take(PACKET + packet, arrival_us)
    seen = shown(copied.packets)
    assert len(seen) >= FRAMES_PER_S - 2 and seen[0].width == 480


def test_a_key_frame_comes_when_asked_for_and_with_another_rate_and_not_otherwise() -> None:
    encoder, keys = SmallEncoder(150_000), []
    picture = av.VideoFrame.from_ndarray(np.full((360, 640, 3), 90, np.uint8), format="bgr24")
    for index in range(30):
        if index == 10:
            encoder.request_keyframe()
        encoder.bits_per_s = 160_000 if index < 20 else 240_000
        payloads = encoder.encode(picture, index * 90_000)
        descriptor = parse_descriptor(payloads[0], 0)
        assert descriptor is not None
        if not payloads[0][descriptor.size] & 1:
            keys.append(index)
    assert keys == [0, 10, 20]


def test_a_copy_that_cannot_begin_asks_for_a_key_frame_once_in_a_while() -> None:
    copied = Copied(150_000)
    packets = video_packets(encode_vp8(range(20), 320, 240), start_us=0)[8:]
    for packet, arrival_us in packets:
        copied.copier.take(PACKET + packet, arrival_us)
    assert copied.messages == [KEYFRAME]


def test_messages_that_are_none_do_no_harm() -> None:
    copied = Copied(150_000)
    for message in (b"", b"X", RATE, RATE + b"1", PACKET, PACKET + b"\x80", PACKET + bytes(40)):
        copied.copier.take(message, 0)
    copied.copier.take(RATE + struct.pack("!I", 120_000), 0)
    assert copied.messages == []


@pytest.mark.parametrize(
    ("size", "expected"), [((1280, 720), (480, 270)), ((720, 1280), (270, 480)), ((320, 240), (320, 240))]
)
def test_small_sizes_are_even_and_keep_the_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert small_size(*size, 480) == expected


class Receiving:
    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.asked = 0
        self.changed = asyncio.Event()

    def deliver(self, sequence: int, marker: int, timestamp: int, packet: bytes) -> None:
        self.packets.append(packet)
        self.changed.set()

    def ask(self) -> None:
        self.asked += 1
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


async def start(copies: CopyProcesses, receiving: Receiving) -> CopyProcess:
    copy = copies.start("VP8", 150_000, receiving.deliver, receiving.ask)
    assert copy is not None
    await receiving.until(lambda: receiving.asked > 0)
    return copy


async def test_a_process_makes_the_copy_and_ends_with_its_socket() -> None:
    copies, receiving = CopyProcesses(1), Receiving()
    copy = await start(copies, receiving)
    assert copies.start("VP8", 150_000, receiving.deliver, receiving.ask) is None
    for packet, _ in a_clip(1):
        copy.feed(0, 0x80, 0, 0, packet, 12, 0, 0)
    await receiving.until(lambda: len(receiving.packets) > 5)
    assert shown(receiving.packets)[0].width == 480
    process = await copy.started
    await copies.aclose()
    assert process.returncode == 0 and copy.ended


async def test_a_process_that_is_killed_ends_the_copy_and_makes_room_for_the_next() -> None:
    copies, receiving = CopyProcesses(1), Receiving()
    copy = await start(copies, receiving)
    (await copy.started).kill()
    async with asyncio.timeout(10):
        while not copy.ended:
            copy.feed(0, 0x80, 0, 0, bytes(20), 12, 0, 0)
            await asyncio.sleep(0)
        await asyncio.gather(*copies.leaving)
    following = copies.start("VP8", 150_000, receiving.deliver, receiving.ask)
    assert following is not None
    following.close()
    await copies.aclose()


async def test_a_process_that_does_not_read_costs_packets_and_no_time(caplog: pytest.LogCaptureFixture) -> None:
    copies, receiving = CopyProcesses(1), Receiving()
    copy = await start(copies, receiving)
    process = await copy.started
    process.send_signal(19)  # SIGSTOP
    for _ in range(2_000):
        copy.feed(0, 0x80, 0, 0, bytes(1_200), 12, 0, 0)
    assert copy.dropped > 0
    process.send_signal(18)  # SIGCONT
    await copies.aclose()
    assert f"too slow for {copy.dropped} packets" in caplog.text
