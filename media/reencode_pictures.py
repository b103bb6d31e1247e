"""A small picture for a weak line: scaled, encoded as VP8 at a low rate, cut into payloads. No sockets, no clocks."""

from __future__ import annotations

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from media.rtp.vp8 import write_descriptor

FRAMES_PER_S = 8
VIDEO_CLOCK = 90_000
LONG_SIDE, SHORTER_LONG_SIDE = 480, 320
#: Below this rate the smaller size looks better.
SMALLER_BELOW_BITS_PER_S = 140_000
MAX_PAYLOAD_BYTES = 1_100
#: The encoder is made anew (with a key frame) only for a rate that differs by more than this.
RATE_STEP = 1.25


def small_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Even width and height with this longest side at most, in the same shape."""
    scale = min(1.0, long_side / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


class SmallEncoder:
    """Makes the frames of one copy. `bits_per_s` may be set at any time."""

    def __init__(self, bits_per_s: int) -> None:
        self.bits_per_s = bits_per_s
        self._made_for: tuple[int, int, int] | None = None
        self._codec: VideoCodecContext | None = None
        self._next_timestamp: int | None = None
        self._picture_id = 0
        self._keyframe_wanted = True

    def request_keyframe(self) -> None:
        self._keyframe_wanted = True

    def encode(self, picture: av.VideoFrame, timestamp: int) -> list[bytes]:
        """RTP payloads of the picture, none where it comes too soon after the last. `timestamp` unwrapped, 90 kHz."""
        if self._next_timestamp is not None and 0 < self._next_timestamp - timestamp < VIDEO_CLOCK:
            return []
        self._next_timestamp = timestamp + VIDEO_CLOCK // FRAMES_PER_S - VIDEO_CLOCK // 100
        codec = self._codec_for(picture.width, picture.height)
        small = picture.reformat(width=codec.width, height=codec.height, format="yuv420p")
        small.pts, small.time_base = timestamp, Fraction(1, VIDEO_CLOCK)
        small.pict_type = PictureType.I if self._keyframe_wanted else PictureType.NONE
        self._keyframe_wanted = False
        frame = b"".join(bytes(packet) for packet in codec.encode(small))
        return self._cut(frame) if frame else []

    def _codec_for(self, width: int, height: int) -> VideoCodecContext:
        known = self._made_for
        near = known is not None and known[2] / RATE_STEP <= self.bits_per_s <= known[2] * RATE_STEP
        if self._codec is None or known is None or known[:2] != (width, height) or not near:
            self._made_for = (width, height, self.bits_per_s)
            long_side = SHORTER_LONG_SIDE if self.bits_per_s < SMALLER_BELOW_BITS_PER_S else LONG_SIDE
            self._codec = open_encoder(*small_size(width, height, long_side), self.bits_per_s)
            self._keyframe_wanted = True
        return self._codec

    def _cut(self, frame: bytes) -> list[bytes]:
        self._picture_id = (self._picture_id + 1) & 0x7FFF
        return [
            write_descriptor(begins=at == 0, picture_id=self._picture_id) + frame[at : at + MAX_PAYLOAD_BYTES]
            for at in range(0, len(frame), MAX_PAYLOAD_BYTES)
        ]


def open_encoder(width: int, height: int, bits_per_s: int) -> VideoCodecContext:
    """libvpx in real time at a constant rate; key frames only where they are asked for."""
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate, codec.time_base = bits_per_s, Fraction(1, VIDEO_CLOCK)
    codec.framerate = Fraction(FRAMES_PER_S)
    codec.gop_size, codec.thread_count = 1_000_000, 1
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "6",
        "lag-in-frames": "0",
        "minrate": str(bits_per_s),
        "maxrate": str(bits_per_s),
        "bufsize": str(bits_per_s),
        "max-intra-rate": "300",
        "error-resilient": "default",
    }
    return codec
