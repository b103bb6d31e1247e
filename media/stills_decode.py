"""Decodes VP8 frames one at a time, and says what they look like as bytes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from media.depacketise import Vp8Frame

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded frame with the encoded one it came from."""

    frame: Vp8Frame
    decoded: av.VideoFrame

    def i420(self) -> bytes:
        """Y, U and V planes, rows without padding."""
        return b"".join(_rows(plane) for plane in self.decoded.planes)

    def bgr(self) -> NDArray[np.uint8]:
        return cast("NDArray[np.uint8]", self.decoded.to_ndarray(format="bgr24"))


def _rows(plane: av.video.plane.VideoPlane) -> bytes:
    rows: NDArray[np.uint8] = np.frombuffer(memoryview(cast(Any, plane)), np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width].tobytes()


class PictureDecoder:
    """Fed with the frames of one track in order; skips what is not decodable. One thread, no delay."""

    def __init__(self) -> None:
        self.newest: Picture | None = None
        self._codec: VideoCodecContext | None = None

    def decode(self, frame: Vp8Frame) -> None:
        """After this `newest` is the picture of `frame`, or still the one before where it shows none."""
        if frame.keyframe:
            self._codec = _open_codec()
        if self._codec is None or not frame.decodable:
            return
        try:
            pictures = self._codec.decode(av.Packet(frame.content))
        except av.error.FFmpegError as error:
            logger.warning("frame %d cannot be decoded: %s", frame.index, type(error).__name__)
            self._codec = None
            return
        if pictures:
            self.newest = Picture(frame, pictures[-1])


def _open_codec() -> VideoCodecContext:
    codec = av.CodecContext.create("libvpx", "r")
    codec.thread_count = 1
    return codec
