"""A synthetic hand-held clip: a wide scene under a shaky, panning view, with sensor noise and small text.

`python -m tests.clips.handheld OUT.y4m --seconds 6` writes what Chromium takes as a camera
(`--use-file-for-fake-video-capture`). The same seed makes the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, FRAME_RATE = 1280, 720, 30
SCENE_WIDTH, SCENE_HEIGHT = 2400, 1400
NOISE_LEVELS = 8
NOISE_SIGMA = 2.0

Picture = npt.NDArray[np.uint8]
#: (time, period), both in seconds, to the upper left corner of the view
View = Callable[[float, float], tuple[float, float]]


def make_scene(random: np.random.Generator) -> Picture:
    """A wall of surfaces, edges and labels, wider than the view."""
    coarse = random.integers(60, 190, (SCENE_HEIGHT // 40, SCENE_WIDTH // 40, 3), dtype=np.uint8)
    scene = cv2.resize(coarse, (SCENE_WIDTH, SCENE_HEIGHT), interpolation=cv2.INTER_CUBIC)
    for _ in range(120):
        x, y = int(random.integers(0, SCENE_WIDTH)), int(random.integers(0, SCENE_HEIGHT))
        size = (int(random.integers(40, 260)), int(random.integers(30, 200)))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        cv2.rectangle(scene, (x, y), (x + size[0], y + size[1]), colour, int(random.choice([-1, 2, 4])))
    for row in range(30, SCENE_HEIGHT, 70):
        for column in range(20, SCENE_WIDTH, 420):
            label = f"No.{row:04d}-{column:04d} exit 2.1 m wide"
            cv2.putText(scene, label, (column, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (20, 20, 20), 1, cv2.LINE_AA)
    return np.asarray(scene, dtype=np.uint8)


def view_at(time_s: float, period_s: float) -> tuple[float, float]:
    """Upper left corner of the view: a slow pan that returns after `period_s`, and a hand's tremor."""
    phase = 2 * np.pi * time_s / period_s
    x = (SCENE_WIDTH - WIDTH) / 2 * (1 + 0.8 * np.sin(phase)) + 3 * np.sin(7 * phase) + 1.5 * np.sin(31 * phase)
    y = (SCENE_HEIGHT - HEIGHT) / 2 * (1 + 0.5 * np.sin(2 * phase)) + 3 * np.cos(9 * phase) + 1.5 * np.cos(29 * phase)
    return float(x), float(y)


def view_held(time_s: float, period_s: float) -> tuple[float, float]:
    """Held at one place by a hand that trembles by some pixels, as by someone who shows a label."""
    phase = 2 * np.pi * time_s / period_s
    x = (SCENE_WIDTH - WIDTH) / 2 + 5 * np.sin(3 * phase) + 3 * np.sin(7 * phase)
    y = (SCENE_HEIGHT - HEIGHT) / 2 + 5 * np.cos(2 * phase) + 3 * np.cos(9 * phase)
    return float(x), float(y)


def make_frames(seconds: float, seed: int = 1, view_of: View = view_at) -> Iterator[Picture]:
    """BGR frames, WIDTH x HEIGHT, FRAME_RATE a second; the last joins the first."""
    random = np.random.default_rng(seed)
    scene = make_scene(random)
    noise = [random.normal(0, NOISE_SIGMA, (HEIGHT, WIDTH, 3)).astype(np.int8) for _ in range(NOISE_LEVELS)]
    for index in range(round(seconds * FRAME_RATE)):
        x, y = view_of(index / FRAME_RATE, seconds)
        view = cv2.getRectSubPix(scene, (WIDTH, HEIGHT), (x + WIDTH / 2, y + HEIGHT / 2))
        frame = cv2.add(view, noise[index % NOISE_LEVELS], dtype=cv2.CV_8U)
        cv2.putText(frame, f"{index:05d}", (24, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2, cv2.LINE_AA)
        yield np.asarray(frame, dtype=np.uint8)


def write_y4m(path: Path, seconds: float, seed: int = 1) -> None:
    """4:2:0 raw video with a text header, 1.4 MB a frame."""
    with path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAME_RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for frame in make_frames(seconds, seed):
            out.write(b"FRAME\n")
            out.write(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Write a synthetic hand-held clip, 1280x720 at 30 frames a second.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args(argv)
    write_y4m(args.out, args.seconds, args.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
