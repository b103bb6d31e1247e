"""A slot of video whose sources follow one another and whose receiver is not sent everything."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.codec_names import H264, VP8
from media.down_layers import EVERY_LAYER, KEYFRAMES_ONLY
from media.down_video_slot import VideoSlot
from media.rtp.header import payload_offset
from media.rtp.keyframe import KeyframeRequester
from media.rtp.reports import SourceClock
from media.rtp.rtcp import KeyframeRequest, parse_compound
from media.rtp.rtx import unwrap_rtx
from media.rtp.vp8 import parse_descriptor, write_descriptor
from media.sdp import DownAnswerSection, DownSection, UpSection
from media.sdp_formats import PayloadFormat
from media.up_track import UpTrack
from tests.media.rtp.layered import SSRC, Frame, make_frames

pytestmark = pytest.mark.unit

OUT_SSRC, OUT_RTX = 0xBBBB, 0xCCCC
SEEDS = st.integers(0, 2**32).map(random.Random)


class Camera:
    """A source that sends made-up frames; `late` packets come after their successor."""

    def __init__(self, frames: list[Frame], ssrc: int = SSRC) -> None:
        self.asked: list[bytes] = []
        section = UpSection("0", "video", (PayloadFormat(VP8, 96, 97),), (ssrc,), {}, 4, False, True)
        self.track = UpTrack(section, 1, SourceClock(), self.asked.append)
        self.track.adopt(ssrc)
        self.frames = frames

    def send(self, packets: list[bytes], now_us: int) -> None:
        for packet in packets:
            sequence, timestamp = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")
            self.track.receive(packet, 0x80, packet[1] & 0x80, sequence, timestamp, 12, now_us, now_us)

    def requests(self) -> int:
        items = [item for message in self.asked for item in parse_compound(message)]
        return sum(isinstance(item, KeyframeRequest) for item in items)


class Browser:
    def __init__(self) -> None:
        self.media: list[bytes] = []
        self.slot = VideoSlot(
            DownSection("0", "video", "applicant", "applicant@s", OUT_SSRC, OUT_RTX), self.media.append, lambda _: None
        )
        self.slot.accept(DownAnswerSection("0", {VP8: True}, True))

    def numbers(self) -> list[int]:
        return [packet[2] << 8 | packet[3] for packet in self.media]

    def pictures(self) -> list[tuple[int, int]]:
        """(PictureID, TL0PICIDX) of each frame, in the order of their first packets."""
        said: list[tuple[int, int]] = []
        for packet in self.media:
            descriptor = parse_descriptor(packet, payload_offset(packet))
            if descriptor is not None and descriptor.picture_id >= 0:
                numbers = (descriptor.picture_id, descriptor.tl0)
                if numbers not in said:
                    said.append(numbers)
        return said


def assert_whole(browser: Browser) -> None:
    numbers = browser.numbers()
    assert sorted((n - numbers[0]) & 0xFFFF for n in numbers) == list(range(len(numbers)))
    pictures = browser.pictures()
    for before, after in zip(pictures, pictures[1:], strict=False):
        assert (after[0] - before[0]) & 0x7FFF == 1
        assert -1 in (before[1], after[1]) or (after[1] - before[1]) & 0xFF in (0, 1)


def mixed(frames: list[Frame], chance: random.Random) -> list[bytes]:
    """Packets in sending order, but in some frames the first two come the other way round."""
    packets: list[bytes] = []
    for frame in frames:
        swapped = len(frame.packets) > 1 and chance.random() < 0.3
        packets += [frame.packets[1], frame.packets[0], *frame.packets[2:]] if swapped else frame.packets
    return packets


@settings(max_examples=200)
@given(SEEDS)
def test_sources_and_limits_that_change_show_no_hole_and_answer_what_was_sent(chance: random.Random) -> None:
    browser = Browser()
    now_us = 1
    for turn in range(4):
        first = chance.randrange(1 << 16)
        frames = make_frames(
            40, chance, layers=chance.choice([1, 2, 3]), first_sequence=first, first_picture=chance.randrange(1 << 15)
        )
        camera = Camera(frames, SSRC + turn)
        before = len(browser.media)
        browser.slot.connect(camera.track, now_us)
        for frame in frames:
            now_us += 33_000
            if chance.random() < 0.1:
                browser.slot.set_limit(chance.choice([0, 1, EVERY_LAYER, KEYFRAMES_ONLY]))
            camera.send(mixed([frame], chance), now_us)
        browser.slot.disconnect(now_us)
    assert_whole(browser)
    sent = dict(zip(browser.numbers()[before:], browser.media[before:], strict=True))
    browser.media.clear()
    wanted = [number for number in sent if not sent[number][0] & 0x20]
    browser.slot.resend(wanted, now_us)
    assert [unwrap_rtx(packet, OUT_SSRC, 96) for packet in browser.media] == [sent[number] for number in wanted]


@pytest.mark.parametrize("late", [False, True])
def test_the_next_source_begins_with_its_key_frame_even_when_that_is_late(late: bool) -> None:
    chance = random.Random(3)
    browser, first = Browser(), Camera(make_frames(10, chance))
    browser.slot.connect(first.track, 1)
    for frame in first.frames:
        first.send(frame.packets, 10_000)
    browser.slot.disconnect(20_000)
    sent = len(browser.media)
    frames = make_frames(40, random.Random(8), first_picture=77, keyframe_share=0.1)[1:]
    at = next(index for index, frame in enumerate(frames) if frame.keyframe)
    key, tail = frames[at], [packet for frame in frames[at + 1 :] for packet in frame.packets]
    assert len(key.packets) > 1
    second = Camera(frames, SSRC + 1)
    browser.slot.connect(second.track, 30_000)
    second.send([packet for frame in frames[:at] for packet in frame.packets], 35_000)
    assert len(browser.media) == sent
    second.send([*key.packets[1:], key.packets[0], *tail] if late else [*key.packets, *tail], 40_000)
    head = browser.media[sent]
    descriptor = parse_descriptor(head, payload_offset(head))
    assert descriptor is not None and descriptor.begins
    assert len(browser.media) - sent == len(key.packets) + len(tail)
    assert_whole(browser)


def test_inter_frames_of_the_next_source_wait_for_a_key_frame_three_seconds_at_most() -> None:
    chance = random.Random(3)
    browser, first = Browser(), Camera(make_frames(10, chance))
    browser.slot.connect(first.track, 1)
    first.send([packet for frame in first.frames for packet in frame.packets], 10_000)
    browser.slot.disconnect(20_000)
    sent = len(browser.media)
    second = Camera(make_frames(30, chance, keyframe_share=0)[1:], SSRC + 1)
    browser.slot.connect(second.track, 30_000)
    assert second.requests() == 1
    second.send([p for frame in second.frames[:20] for p in frame.packets], 1_000_000)
    assert len(browser.media) == sent
    second.send(second.frames[20].packets, 4_100_000)
    assert len(browser.media) > sent


def test_a_new_ssrc_of_the_same_sender_is_joined_on() -> None:
    chance = random.Random(4)
    browser, camera = Browser(), Camera(make_frames(20, chance))
    camera.track.on_source_changed = lambda track: browser.slot.pause(track, 50_000)
    browser.slot.connect(camera.track, 1)
    camera.send([p for frame in camera.frames for p in frame.packets], 10_000)
    camera.track.adopt(SSRC + 9)
    for frame in make_frames(20, chance, first_sequence=5, first_picture=9):
        camera.send(frame.packets, 60_000)
    assert len(browser.pictures()) == 40
    assert_whole(browser)


def test_layers_are_counted_also_while_they_are_left_out() -> None:
    browser, camera = Browser(), Camera(make_frames(300, random.Random(1), keyframe_share=0))
    assert browser.slot.count_layers() == 1
    browser.slot.connect(camera.track, 1)
    for index, frame in enumerate(camera.frames):
        if index == 200:
            assert browser.slot.count_layers() == 3
            browser.slot.set_limit(0)
        camera.send(frame.packets, index * 33_000)
    assert browser.slot.count_layers() == 3
    assert browser.slot.left_out > 60
    assert_whole(browser)


class Small:
    """A substitute that counts on by itself."""

    def __init__(self) -> None:
        self.last_sequence = self.last_timestamp = 0
        self.keyframes = KeyframeRequester()
        self.asked = 0

    def request_keyframe(self, now_us: int) -> None:
        self.asked += 1

    def send(self, slot: VideoSlot, sequence: int, picture: int) -> None:
        self.last_sequence, self.last_timestamp = sequence, 3000 * picture
        payload = write_descriptor(begins=True, picture_id=picture) + (b"\x01" if sequence % 5 else b"\x00")
        slot.forward_substitute(sequence, 0x80, self.last_timestamp, bytes(12) + payload, 1_000_000)


def test_a_substitute_takes_the_place_of_the_source_and_gives_it_back_at_a_key_frame() -> None:
    chance = random.Random(6)
    browser, camera, small = Browser(), Camera(make_frames(60, chance, keyframe_share=0.1)), Small()
    slot = browser.slot
    slot.connect(camera.track, 1)
    for frame in camera.frames[:20]:
        camera.send(frame.packets, 10_000)
    assert slot.asked is camera.track
    assert slot.begin_substitute(small, 20_000) and slot.asked is small
    before = len(browser.media)
    for frame in camera.frames[20:30]:
        camera.send(frame.packets, 30_000)
    assert len(browser.media) == before
    for sequence in range(40_000, 40_010):
        small.send(slot, sequence, sequence - 40_000)
    assert len(browser.media) == before + 10
    slot.end_substitute(50_000)
    slot.end_substitute(50_000)
    for frame in camera.frames[30:]:
        camera.send(frame.packets, 60_000)
    small.send(slot, 40_010, 10)
    key = next(index for index in range(30, 60) if camera.frames[index].keyframe)
    assert len(browser.media) == before + 10 + sum(len(frame.packets) for frame in camera.frames[key:])
    assert_whole(browser)


def test_a_receiver_without_vp8_gets_no_substitute() -> None:
    browser, camera = Browser(), Camera(make_frames(2, random.Random(1)))
    browser.slot.accept(DownAnswerSection("0", {H264: True}, True))
    browser.slot.connect(camera.track, 1)
    assert not browser.slot.begin_substitute(Small(), 1)
