"""A camera clip whose frames say their own number, and how to read it back. See `marks.js` for the page's side.

Each bit is a pair of squares, light-dark or dark-light, so that a picture too poor to be read is known for one.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from tests.clips.handheld import FRAME_RATE, make_frames, view_at, view_held

BITS, SQUARE, TOP = 10, 32, 680
MARGIN = 40
CLIP_RATE = 15
CLIP_S = 8

Picture = npt.NDArray[np.uint8]


def draw_mark(picture: Picture, number: int) -> None:
    for bit in range(BITS):
        light = number >> bit & 1
        for half, value in enumerate((light, 1 - light)):
            left = (2 * bit + half) * SQUARE
            picture[TOP : TOP + SQUARE, left : left + SQUARE] = 235 if value else 20


def read_mark(picture: Picture) -> int | None:
    """None where a bit cannot be told."""
    number, middle = 0, TOP + SQUARE // 2
    for bit in range(BITS):
        first, second = (
            float(picture[middle - 4 : middle + 4, left - 4 : left + 4].mean())
            for left in ((2 * bit) * SQUARE + SQUARE // 2, (2 * bit + 1) * SQUARE + SQUARE // 2)
        )
        if abs(first - second) < MARGIN:
            return None
        number |= int(first > second) << bit
    return number


def marked_frames(seconds: int = CLIP_S, pans: bool = True) -> list[Picture]:
    """BGR frames, CLIP_RATE a second, numbered from 0; `pans`: the view wanders, else it is held on one place."""
    frames: list[Picture] = []
    for number, frame in enumerate(make_frames(seconds, view_of=view_at if pans else view_held)):
        if number % (FRAME_RATE // CLIP_RATE) == 0:
            draw_mark(frame, len(frames))
            frames.append(frame)
    return frames


def write_marked_clip(path: Path, seconds: int = CLIP_S, pans: bool = True) -> Path:
    """What Chromium takes as a camera; it starts again at the end."""
    height, width = 720, 1280
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{CLIP_RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in marked_frames(seconds, pans):
            out.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path
