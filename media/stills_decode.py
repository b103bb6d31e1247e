"""Decodes VP8 and H.264 frames one at a time, and says what they look like as bytes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from media.codec_names import H264, VP8
from media.depacketise import MOST_PIXELS, EncodedFrame

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded frame with the encoded one it came from."""

    frame: EncodedFrame
    decoded: av.VideoFrame

    def i420(self) -> bytes:
        """Y, U and V planes, rows without padding."""
        return b"".join(_rows(plane) for plane in self.decoded.planes)

    def bgr(self) -> NDArray[np.uint8]:
        return cast("NDArray[np.uint8]", self.decoded.to_ndarray(format="bgr24"))


def _rows(plane: av.video.plane.VideoPlane) -> bytes:
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(cast(Any, plane)), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width].tobytes()


DECODERS = {VP8: "libvpx", H264: "h264"}
#: 8 bit 4:2:0, whose planes are I420; a sender that promised one of our profiles gives nothing else.
PICTURE_FORMATS = ("yuv420p", "yuvj420p")


class PictureDecoder:
    """Fed with the frames of one track in order; skips what is not decodable. One thread, no delay.

    `refused_size`: of the newest key frame, where it promises a picture larger than is decoded here.
    """

    def __init__(self, codec: str = VP8) -> None:
        self.newest: Picture | None = None
        self.refused_size: tuple[int, int] | None = None
        self._name = DECODERS[codec]
        self._codec: VideoCodecContext | None = None

    def decode(self, frame: EncodedFrame) -> None:
        """After this `newest` is the picture of `frame`, or still the one before where it shows none."""
        if frame.keyframe:
            self._codec = _open_codec(self._name)
            self.refused_size = (frame.width, frame.height) if frame.too_large else None
        if self._codec is None or not frame.decodable:
            return
        try:
            pictures = self._codec.decode(av.Packet(frame.content))
        except av.error.FFmpegError as error:
            logger.warning("frame %d cannot be decoded: %s", frame.index, type(error).__name__)
            self._codec = None
            return
        if pictures and pictures[-1].format.name in PICTURE_FORMATS:
            self.newest = Picture(frame, pictures[-1])


def _open_codec(name: str) -> VideoCodecContext:
    codec = cast(VideoCodecContext, av.CodecContext.create(name, "r"))
    codec.thread_count = 1
    codec.options = {"max_pixels": str(MOST_PIXELS)}
    codec.flags |= av.codec.context.Flags.low_delay
    return codec
