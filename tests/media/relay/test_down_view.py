"""A viewer's place on the ladder put into effect: layers, a small copy of its own, key frames until that is there."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from media.down_layers import EVERY_LAYER, KEYFRAMES_ONLY
from media.down_video_slot import VideoSlot
from media.down_view import DownView
from media.reencode_port import Deliver
from media.rtp.keyframe import KeyframeRequester
from media.rtp.reports import SourceClock
from media.rtp.rtcp import KeyframeRequest, parse_compound
from media.rtp.vp8 import write_descriptor
from media.sdp import DownAnswerSection, DownSection, UpSection
from media.sdp_formats import VP8, PayloadFormat
from media.up_track import UpTrack
from tests.media.rtp.layered import SSRC, Frame, make_frames

pytestmark = pytest.mark.unit

SECOND_US = 1_000_000
NARROW, WIDE = 5_000, 5_000_000


class Copy:
    """Stands for a copy's process."""

    def __init__(self, deliver: Deliver, ask_keyframe: Callable[[], None]) -> None:
        self.deliver, self.ask_keyframe = deliver, ask_keyframe
        self.last_sequence, self.last_timestamp = 0x10000, 0
        self.keyframes = KeyframeRequester()
        self.ended = False
        self.fed = 0
        self.rates: list[int] = []

    def feed(self, *_: object) -> None:
        self.fed += 1

    def set_rate(self, bits_per_s: int) -> None:
        self.rates.append(bits_per_s)

    def request_keyframe(self, now_us: int) -> None: ...

    def request_mend(self, now_us: int) -> None: ...

    def close(self) -> None:
        self.ended = True

    def make(self, keyframe: bool = False) -> None:
        self.last_sequence += 1
        payload = write_descriptor(begins=True, picture_id=self.last_sequence & 0x7FFF) + bytes([not keyframe])
        self.deliver(self.last_sequence, 0x80, self.last_timestamp, bytes(12) + payload)


class Copies:
    def __init__(self, most: int = 1) -> None:
        self.most, self.made = most, list[Copy]()

    def start(self, codec: str, bits_per_s: int, deliver: Deliver, ask_keyframe: Callable[[], None]) -> Copy | None:
        if sum(not copy.ended for copy in self.made) >= self.most:
            return None
        self.made.append(Copy(deliver, ask_keyframe))
        return self.made[-1]

    async def aclose(self) -> None: ...


class Call:
    """A source of frames and a viewer whose reports the test makes."""

    def __init__(self, copies: Copies | None, layers: int = 3) -> None:
        self.now_us = SECOND_US
        self.media: list[bytes] = []
        self.asked: list[bytes] = []
        section = UpSection("0", "video", (PayloadFormat(VP8, 96, 97),), (SSRC,), {}, 4, False, True)
        self.track = UpTrack(section, 1, SourceClock(), self.asked.append)
        self.track.adopt(SSRC)
        described = DownSection("0", "video", "applicant", "applicant@s", 1, 2)
        self.slot = VideoSlot(described, self.media.append, lambda _: None)
        self.slot.accept(DownAnswerSection("0", {VP8: True}, True))
        self.slot.connect(self.track, self.now_us)
        self.view = DownView(self.slot, [self.slot], copies, lambda: self.now_us)
        self.frames: list[Frame] = make_frames(3_000, random.Random(2), layers=layers, keyframe_share=0.01)
        self.at = 0

    def run(self, seconds: int, allowed: int, loss: float = 0.0) -> list[str]:
        served = []
        for _ in range(seconds):
            for frame in self.frames[self.at : self.at + 30]:
                for packet in frame.packets:
                    sequence, stamp = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")
                    self.track.receive(packet, 0x80, packet[1] & 0x80, sequence, stamp, 12, self.now_us, self.now_us)
            self.at += 30
            self.now_us += SECOND_US
            self.view.tick(allowed, loss)
            served.append(self.view.served)
        return served

    def requests(self) -> int:
        return sum(isinstance(item, KeyframeRequest) for message in self.asked for item in parse_compound(message))


def test_a_wide_line_is_left_alone() -> None:
    call = Call(Copies())
    assert set(call.run(30, WIDE)) == {"full"}
    assert call.slot.left_out == 0 and call.view.take_change() is None


def test_loss_takes_layers_away_and_a_clean_line_gives_them_back() -> None:
    call = Call(Copies())
    call.run(4, WIDE)
    assert call.run(8, WIDE, loss=0.15)[-1] == "fewer_frames"
    assert call.slot.limit == 0 and call.view.take_change() == "fewer_frames"
    assert call.run(30, WIDE)[-1] == "full"
    assert call.slot.limit == EVERY_LAYER and call.view.take_change() == "full"


def test_a_line_for_no_layer_gets_key_frames_until_the_small_copy_is_there() -> None:
    copies = Copies()
    call = Call(copies, layers=1)
    call.run(4, WIDE)
    before = call.requests()
    served = call.run(9, NARROW)
    assert served[-1] == "key_frames" and call.slot.limit == KEYFRAMES_ONLY
    assert call.requests() - before <= 4, "key frames cost everybody"
    copy = copies.made[0]
    assert copy.fed > 0 and call.slot.asked is None
    copy.make(keyframe=True)
    assert call.view.served == "small" and call.slot.asked is copy
    sent = len(call.media)
    call.run(3, NARROW)
    assert len(call.media) == sent and copy.rates
    copy.make()
    assert len(call.media) == sent + 1


def test_a_copy_that_dies_is_replaced_by_key_frames_and_later_by_another() -> None:
    copies = Copies()
    call = Call(copies, layers=1)
    call.run(4, WIDE)
    call.run(4, NARROW)
    copies.made[0].make(keyframe=True)
    copies.made[0].ended = True
    assert call.run(2, NARROW)[-1] == "key_frames"
    assert len(copies.made) == 1 and call.slot.substitute is None
    call.run(11, NARROW)
    assert len(copies.made) == 2


def test_without_a_free_process_there_are_key_frames() -> None:
    for copies in (None, Copies(most=0)):
        call = Call(copies, layers=1)
        call.run(4, WIDE)
        assert call.run(6, NARROW)[-1] == "key_frames"


def test_a_source_that_leaves_takes_its_copy_along() -> None:
    copies = Copies()
    call = Call(copies, layers=1)
    call.run(4, WIDE)
    call.run(4, NARROW)
    copies.made[0].make(keyframe=True)
    call.slot.disconnect(call.now_us)
    call.run(1, NARROW)
    assert copies.made[0].ended and call.track.forwards == []


def test_a_source_with_new_counters_gets_another_copy() -> None:
    copies = Copies()
    call = Call(copies, layers=1)
    call.run(4, WIDE)
    call.run(4, NARROW)
    copies.made[0].make(keyframe=True)
    call.slot.pause(call.track, call.now_us)
    call.run(2, NARROW)
    assert copies.made[0].ended and len(copies.made) == 2


def test_closing_ends_the_copy() -> None:
    copies = Copies()
    call = Call(copies, layers=1)
    call.run(4, WIDE)
    call.run(4, NARROW)
    call.view.close()
    call.view.close()
    assert copies.made[0].ended and len(call.track.forwards) == 1
