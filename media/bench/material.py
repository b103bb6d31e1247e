"""What the synthetic senders send: a real VP8 clip and real Opus, encoded once and cut into payloads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, FRAME_RATE = 1280, 720, 30
#: The encoder stays a little under what it is told.
VIDEO_BITS_PER_S = 1_600_000
AUDIO_BITS_PER_S = 32_000
CLIP_FRAMES = 60
MAX_PAYLOAD_BYTES = 1150
#: VP8 payload descriptor (RFC 7741 section 4.2): start of partition 0, and its continuation.
FIRST_PART, OTHER_PART = b"\x10", b"\x00"
VOICE_FRAMES = 50
SAMPLES_PER_VOICE_FRAME = 960


@dataclass(frozen=True, slots=True)
class Material:
    """`video[i]`: the payloads of frame i; `audio[i]`: one Opus frame of 20 ms. Both may be played in a loop."""

    video: list[list[bytes]]
    audio: list[bytes]


def make_material() -> Material:
    return Material([packetise(frame) for frame in encode_clip()], encode_voice())


def packetise(frame: bytes) -> list[bytes]:
    """VP8 payloads of about equal size."""
    parts = -(-len(frame) // MAX_PAYLOAD_BYTES)
    size = -(-len(frame) // parts)
    return [(FIRST_PART if at == 0 else OTHER_PART) + frame[at : at + size] for at in range(0, len(frame), size)]


def encode_clip() -> list[bytes]:
    """A key frame and what follows it, at 1.5 Mb/s over the loop."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.bit_rate = VIDEO_BITS_PER_S
    encoder.time_base, encoder.framerate = Fraction(1, FRAME_RATE), Fraction(FRAME_RATE, 1)
    encoder.gop_size = CLIP_FRAMES
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "-8",  # a fixed speed: positive numbers let a busy machine spoil the rate
        "lag-in-frames": "0",
        "qmin": "2",
        "qmax": "63",
        "minrate": str(VIDEO_BITS_PER_S),
        "maxrate": str(VIDEO_BITS_PER_S),
        "bufsize": str(VIDEO_BITS_PER_S // 2),
    }
    frames: list[bytes] = []
    for index, picture in enumerate(_pictures()):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = index, encoder.time_base
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames + [bytes(packet) for packet in encoder.encode(None)]


def _pictures() -> Iterator[npt.NDArray[np.uint8]]:
    random = np.random.default_rng(1)
    coarse = random.integers(60, 190, (50, 90, 3), dtype=np.uint8)
    scene = cv2.resize(coarse, (WIDTH + 400, HEIGHT + 200), interpolation=cv2.INTER_CUBIC)
    for row in range(40, HEIGHT + 200, 60):
        cv2.putText(scene, f"line {row} " * 8, (10, row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (20, 20, 20), 1, cv2.LINE_AA)
    for index in range(CLIP_FRAMES):
        phase = 2 * np.pi * index / CLIP_FRAMES
        x, y = int(200 + 190 * np.sin(phase)), int(100 + 90 * np.cos(phase))
        noise = random.normal(0, 1, (HEIGHT, WIDTH, 3))
        yield np.clip(scene[y : y + HEIGHT, x : x + WIDTH] + noise, 0, 255).astype(np.uint8)


def encode_voice() -> list[bytes]:
    """A second of a tone that swells, mono in a stereo stream."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.bit_rate = AUDIO_BITS_PER_S
    at = np.arange(VOICE_FRAMES * SAMPLES_PER_VOICE_FRAME)
    swell = 4000 * np.sin(np.pi * at / len(at)) * np.sin(2 * np.pi * 220 * at / 48_000)
    samples = np.repeat(swell.astype(np.int16), 2)
    frames: list[bytes] = []
    for index in range(VOICE_FRAMES):
        part = samples[2 * index * SAMPLES_PER_VOICE_FRAME : 2 * (index + 1) * SAMPLES_PER_VOICE_FRAME]
        frame = av.AudioFrame.from_ndarray(part.reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = 48_000, index * SAMPLES_PER_VOICE_FRAME
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames
