"""Real footage as a fake camera: small real clips, decoded and written in the Y4M form that Chromium reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import av

from examples.robot_applicant.footage import find_clips

FRAME_RATE = 15


def write_camera_file(path: Path, seconds: int = 12, width: int = 640, height: int = 272) -> Path:
    """A loop of real clips, 4:2:0, at FRAME_RATE; Chromium starts again at the end of the file."""
    frames = itertools.islice(_frames(width, height), seconds * FRAME_RATE)
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{FRAME_RATE}:1 Ip A1:1 C420mpeg2\n".encode())
        for frame in frames:
            out.write(b"FRAME\n" + frame.to_ndarray().tobytes())
    return path


def _frames(width: int, height: int) -> Iterator[av.VideoFrame]:
    clips = find_clips()
    if not clips:
        raise FileNotFoundError("no real clips: install requirements-footage.txt")
    for clip in itertools.cycle(clips):
        with av.open(str(clip)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                if number % 2 == 0:
                    yield frame.reformat(width, height, format="yuv420p")
