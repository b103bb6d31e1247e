"""How sharp a picture stays in the modes that the page may ask of its encoder.

`python -m tests.media.quality.modes [--only WORD]`: a table of frames a second and SSIM, some twenty seconds a row.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.async_api import Browser, async_playwright

from tests.clips.handheld import Picture, make_frames, view_at, view_held
from tests.faults.marked_clip import draw_mark, read_mark
from tests.faults.sharpness import ssim
from tests.media.quality.encode_page import SCRIPT
from tests.media.relay.call_page import ORIGIN, launch

CLIP_S = 6
WATCH_S, SETTLE_S, EVERY_S = 14, 6, 0.9
View = Callable[[float, float], tuple[float, float]]
SCENES: dict[str, View] = {"held": view_held, "panning": view_at, "still": lambda _time, _period: (560.0, 340.0)}


@dataclass(frozen=True)
class Mode:
    scene: str
    kilobits_per_s: int
    frames_per_s: int
    hint: str = "detail"
    layers: str | None = None
    shrink: float = 1.0

    def encoding(self) -> dict[str, Any]:
        encoding: dict[str, Any] = {"maxBitrate": self.kilobits_per_s * 1000, "maxFramerate": self.frames_per_s}
        return (
            encoding
            | ({"scalabilityMode": self.layers} if self.layers else {})
            | ({"scaleResolutionDownBy": self.shrink} if self.shrink != 1 else {})
        )


MODES = [
    Mode("held", 200, 15, hint=""),
    *(Mode("held", 200, frames) for frames in (5, 3, 2)),
    Mode("held", 100, 2),
    Mode("still", 200, 3),
    Mode("panning", 200, 2),
    Mode("panning", 200, 2, shrink=4 / 3),
    Mode("panning", 200, 2, shrink=2),
    Mode("panning", 1500, 30, hint=""),
    Mode("panning", 1500, 30, hint="", layers="L1T3"),
    Mode("held", 600, 15, hint=""),
    Mode("held", 600, 15, hint="", layers="L1T3"),
]


def marked(scene: str) -> list[Picture]:
    frames = list(make_frames(CLIP_S, view_of=SCENES[scene]))
    for number, frame in enumerate(frames):
        draw_mark(frame, number)
    return frames


def write_clip(path: Path, frames: list[Picture]) -> None:
    with path.open("wb") as out:
        out.write(b"YUV4MPEG2 W1280 H720 F30:1 Ip A1:1 C420jpeg\n")
        for frame in frames:
            out.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())


async def measure(browser: Browser, mode: Mode, clip: list[Picture]) -> tuple[float, float, int]:
    """(frames a second, median SSIM, kb/s)."""
    page = await (await browser.new_context()).new_page()
    await page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    await page.add_init_script(SCRIPT)
    await page.goto(ORIGIN)
    asked = {"encoding": mode.encoding(), "hint": mode.hint, "seconds": WATCH_S, "settle": SETTLE_S, "every": EVERY_S}
    seen = await page.evaluate("(asked) => encodeAndLook(asked)", asked)
    values = []
    for text in seen["shown"]:
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(text), np.uint8), cv2.IMREAD_COLOR)
        full = np.asarray(cv2.resize(shown, (1280, 720), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        number = read_mark(full)
        if number is not None and number < len(clip):
            values.append(ssim(full, clip[number]))
    frames_per_s = len(seen["times"]) / (WATCH_S - SETTLE_S)
    return frames_per_s, statistics.median(values or [0.0]), round(seen["bytes"] * 8 / WATCH_S / 1000)


async def run(only: str) -> None:
    print("scene    kb/s asked  fps asked  hint    layers  width | fps   SSIM   kb/s sent")
    with tempfile.TemporaryDirectory() as folder:
        for scene in SCENES:
            modes = [mode for mode in MODES if mode.scene == scene and only in str(mode)]
            clip = marked(scene) if modes else []
            path = Path(folder) / f"{scene}.y4m"
            if modes:
                write_clip(path, clip)
            for mode in modes:
                async with async_playwright() as playwright:
                    browser = await launch(playwright, path)
                    fps, value, sent = await measure(browser, mode, clip)
                    await browser.close()
                asked = f"{scene:8} {mode.kilobits_per_s:10} {mode.frames_per_s:10}  {mode.hint or '-':7} "
                print(f"{asked}{mode.layers or '-':7} {1280 / mode.shrink:5.0f} | {fps:4.1f}  {value:.3f}  {sent}")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measure how sharp the page's encoder modes are, in Chromium.")
    parser.add_argument("--only", default="", help="only modes whose description has this word, as panning or L1T3")
    asyncio.run(run(parser.parse_args(argv).only))
    return 0


if __name__ == "__main__":
    sys.exit(main())
