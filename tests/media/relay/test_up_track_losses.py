"""What a track makes of losses: when its picture counts as whole, and when only a key frame mends it."""

from __future__ import annotations

import pytest

from media.rtp.header import HEADER
from media.rtp.loss import GIVE_UP_US
from media.rtp.reports import SourceClock
from media.sdp import parse_up_offer
from media.up_track import UpTrack
from tests.media.relay.test_sdp import OFFERS

pytestmark = pytest.mark.unit

KEY, DELTA = b"\x10\x00\x00\x00", b"\x10\x01\x00\x00"


class Stream:
    def __init__(self) -> None:
        offer = parse_up_offer((OFFERS / "chromium_up.sdp").read_bytes().decode())
        section = next(section for section in offer.taken if section.kind == "video")
        self.sent: list[bytes] = []
        self.track = UpTrack(section, 1, SourceClock(), self.sent.append)
        self.track.adopt(7, section.payload_type)

    def take(self, sequence: int, now_us: int, payload: bytes = DELTA) -> None:
        """A frame of one packet."""
        second = 0x80 | self.track.payload_type
        packet = HEADER.pack(0x80, second, sequence, sequence * 3000, 7) + payload
        self.track.receive(packet, 0x80, 0x80, sequence, sequence * 3000, 12, now_us, now_us)


def test_a_key_frame_after_a_hole_makes_the_picture_whole_and_nothing_is_to_be_mended() -> None:
    stream = Stream()
    stream.take(1, 0, KEY)
    stream.take(30, 60_000, KEY)
    assert stream.track.frame_us == 60_000
    stream.take(31, 120_000)
    assert stream.track.frame_us == 120_000
    stream.track.tick(70_000 + GIVE_UP_US)
    assert stream.track.losses.lost == 28 and stream.track.keyframe_requests == 0


def test_a_hole_without_a_key_frame_holds_the_picture_until_one_comes() -> None:
    stream = Stream()
    stream.take(1, 0, KEY)
    stream.take(3, 60_000)
    assert stream.track.frame_us == 0
    stream.track.tick(70_000 + GIVE_UP_US)
    assert stream.track.keyframe_requests == 1
    stream.take(4, 1_200_000)
    assert stream.track.frame_us == 0
    stream.take(5, 1_300_000, KEY)
    stream.take(6, 1_400_000)
    assert stream.track.frame_us == 1_400_000


def test_an_outage_is_followed_by_a_request_at_once() -> None:
    stream = Stream()
    stream.take(1, 0, KEY)
    stream.take(100, 3_000_000)
    assert stream.track.keyframe_requests == 1 and stream.track.frame_us == 0 and stream.track.nacks_sent == 0


def test_a_picture_moves_on_a_line_where_something_is_missing_at_every_moment() -> None:
    """Every fifth packet is lost and repaired four packets later: before that the next one is missing already."""
    stream = Stream()
    stream.take(1, 0, KEY)
    seen = []
    for number in range(2, 202):
        now_us = number * 33_000
        if number % 5:
            stream.take(number, now_us)
        if number % 5 == 4 and number > 5:
            stream.take(number - 4, now_us + 1000)
            stream.take(number + 2, now_us + 1500)  # the next hole is there before the last one is filled
        seen.append(now_us - stream.track.frame_us)
    assert max(seen) < 300_000
    assert stream.track.keyframe_requests == 0


def test_what_is_missing_before_another_codec_is_lost_of_the_one_before() -> None:
    stream = Stream()
    stream.take(1, 0, KEY)
    lost: list[int] = []
    stream.track.on_source_changed = lambda track: lost.append(len(track.losses.missing))
    other = next(one for one in stream.track.section.formats if one.payload_type != stream.track.payload_type)
    assert stream.track.switch_codec(other.payload_type, 5, 60_000)
    assert lost == [3] and not stream.track.losses.missing
