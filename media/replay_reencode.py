"""Encodes pictures anew where a copy cannot hold them as they came: H.264 in a WebM, VP8 in an MP4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext

from media.codec_names import H264, VP8
from media.depacketise import EncodedFrame
from media.stills_decode import PictureDecoder

#: A player can jump to every tenth second.
KEYFRAME_EVERY_US = 10_000_000
BITS_PER_S = 2_000_000
ENCODERS = {VP8: "libvpx", H264: "libx264"}
OPTIONS = {
    VP8: {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "crf": "12", "qmax": "50"},
    H264: {"preset": "veryfast", "tune": "zerolatency", "crf": "23", "profile": "main", "forced-idr": "1"},
}


@dataclass(slots=True)
class Reencoder:
    """Frames of one codec in, frames of another out, each at once. One thread."""

    source: str
    target: str
    _encoder: VideoCodecContext | None = None
    _keyframe_us: int = 0

    def frames(self, placed: Iterator[tuple[int, EncodedFrame]]) -> Iterator[tuple[int, EncodedFrame]]:
        """(place, frame) as they were placed; what shows no picture is left out."""
        decoder = PictureDecoder(self.source)
        for place_us, frame in placed:
            decoder.decode(frame)
            newest = decoder.newest
            if newest is not None and newest.frame is frame:
                content, keyframe = self._encode(newest.decoded, place_us)
                yield place_us, replace(frame, content=content, keyframe=keyframe)

    def _encode(self, picture: av.VideoFrame, place_us: int) -> tuple[bytes, bool]:
        width, height = max(2, picture.width & ~1), max(2, picture.height & ~1)
        if self._encoder is None or (self._encoder.width, self._encoder.height) != (width, height):
            self._encoder = _open_encoder(self.target, width, height)
            self._keyframe_us = 0
        plain = picture.reformat(width, height, format="yuv420p")
        plain.pts, plain.time_base = place_us, Fraction(1, 1_000_000)
        keyframe = place_us - self._keyframe_us >= KEYFRAME_EVERY_US
        if keyframe:
            self._keyframe_us = place_us
        plain.pict_type = av.video.frame.PictureType.I if keyframe else av.video.frame.PictureType.NONE
        packets = list(self._encoder.encode(plain))
        return b"".join(bytes(packet) for packet in packets), any(packet.is_keyframe for packet in packets)


def _open_encoder(codec: str, width: int, height: int) -> VideoCodecContext:
    encoder = cast(VideoCodecContext, av.CodecContext.create(ENCODERS[codec], "w"))
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 1_000_000), Fraction(30)
    encoder.thread_count, encoder.bit_rate, encoder.gop_size = 1, BITS_PER_S, 3000
    encoder.options = dict(OPTIONS[codec])
    return encoder
