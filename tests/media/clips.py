"""Journals for tests: real VP8 and Opus in real RTP, of a moving picture that says its own number."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.rtp import RtpPacket

from media.journal.format import RTP, JournalHeader, encode_header, encode_record

VIDEO_CLOCK = 90_000
AUDIO_CLOCK = 48_000
START_US = 1_795_500_000_000_000
NUMBER_BITS = 12
SQUARE = 16

#: (packet, arrival in unix µs)
Packets = list[tuple[bytes, int]]


def picture(number: int, width: int, height: int) -> np.ndarray:
    """BGR: a moving gradient with a bar of squares at the top that spell `number` in binary."""
    x = np.arange(width, dtype=np.uint16)[None, :]
    y = np.arange(height, dtype=np.uint16)[:, None]
    grey = ((x * 2 + y + number * 5) % 200 + 28).astype(np.uint8)
    image = np.dstack([grey, np.roll(grey, number * 3, axis=1), grey // 2 + 60])
    for bit in range(NUMBER_BITS):
        value = 255 if number >> bit & 1 else 0
        image[:SQUARE, bit * SQUARE : (bit + 1) * SQUARE] = value
    cv2.circle(image, (20 + number * 4 % (width - 40), height // 2), 18, (30, 220, 240), -1)
    return image


def read_number(image: np.ndarray) -> int:
    """What `picture` spelled, read from a decoded BGR picture."""
    middle = SQUARE // 2
    bits = [int(image[middle, bit * SQUARE + middle].mean() > 127) << bit for bit in range(NUMBER_BITS)]
    return sum(bits)


def encode_vp8(
    numbers: Iterable[int], width: int = 320, height: int = 240, keyframes: Iterable[int] = ()
) -> list[bytes]:
    """One encoded frame a number; the first is a key frame, and those at the positions of `keyframes`."""
    codec = av.CodecContext.create("libvpx", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate, codec.time_base, codec.gop_size = 600_000, Fraction(1, 30), 3000
    codec.options = {"deadline": "realtime", "cpu-used": "-6", "lag-in-frames": "0"}
    wanted, encoded = set(keyframes), []
    for position, number in enumerate(numbers):
        frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = position, Fraction(1, 30)
        if position in wanted:
            frame.pict_type = av.video.frame.PictureType.I
        encoded.append(b"".join(bytes(packet) for packet in codec.encode(frame)))
    assert all(encoded)
    return encoded


def encode_h264(
    numbers: Iterable[int], width: int = 320, height: int = 240, keyframes: Iterable[int] = ()
) -> list[bytes]:
    """As `encode_vp8`: access units in Annex B, parameter sets before each IDR picture, Constrained Baseline."""
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.bit_rate, codec.time_base, codec.gop_size = 600_000, Fraction(1, 30), 3000
    codec.options = {"profile": "baseline", "preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1",
                     "x264-params": "repeat-headers=1:scenecut=0:threads=1:aud=0"}  # fmt: skip
    wanted, encoded = set(keyframes), []
    for position, number in enumerate(numbers):
        frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="bgr24").reformat(format="yuv420p")
        frame.pts, frame.time_base = position, Fraction(1, 30)
        if position in wanted:
            frame.pict_type = av.video.frame.PictureType.I
        units = [unit for packet in codec.encode(frame) for unit in H264Encoder._split_bitstream(bytes(packet))]
        encoded.append(b"".join(b"\x00\x00\x00\x01" + unit for unit in units if unit[0] & 31 != 6))
    assert all(encoded)
    return encoded


def h264_payloads(frame: bytes) -> list[bytes]:
    """Single units, STAP-A and FU-A, as aiortc sends them."""
    return list(H264Encoder._packetize(H264Encoder._split_bitstream(frame)))


def video_packets(
    frames: Iterable[bytes],
    *,
    codec: str = "VP8",
    ssrc: int = 0x11112222,
    first_sequence: int = 65_500,
    first_timestamp: int = 0xFFFF0000,
    start_us: int = START_US,
    fps: int = 30,
) -> Packets:
    """RTP as a browser sends it: sequence and timestamp wrap early on. All packets of a frame arrive together."""
    packets: Packets = []
    for position, frame in enumerate(frames):
        payloads = h264_payloads(frame) if codec == "H264" else Vp8Encoder._packetize(frame, position & 0x7FFF)
        for place, payload in enumerate(payloads):
            packet = RtpPacket(
                payload_type=96,
                marker=int(place == len(payloads) - 1),
                sequence_number=(first_sequence + len(packets)) & 0xFFFF,
                timestamp=(first_timestamp + position * VIDEO_CLOCK // fps) & 0xFFFFFFFF,
                ssrc=ssrc,
                payload=payload,
            )
            packets.append((packet.serialize(), start_us + position * 1_000_000 // fps))
    return packets


def tone_packets(
    seconds: float,
    *,
    frequency: float = 1000.0,
    ssrc: int = 0x33334444,
    start_us: int = START_US,
    clock_ppm: float = 0.0,
) -> Packets:
    """20 ms Opus packets of a tone; `clock_ppm`: how much faster than ours the sender's clock runs."""
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = AUDIO_CLOCK, "mono", "s16", 48_000
    t = np.arange(int(seconds * AUDIO_CLOCK) // 960 * 960) / AUDIO_CLOCK
    samples = (np.sin(2 * np.pi * frequency * t) * 12_000).astype(np.int16)
    packets: Packets = []
    for position in range(0, len(samples), 960):
        frame = av.AudioFrame.from_ndarray(samples[None, position : position + 960], format="s16", layout="mono")
        frame.sample_rate, frame.pts = AUDIO_CLOCK, position
        for encoded in codec.encode(frame):
            number = len(packets)
            packet = RtpPacket(payload_type=111, sequence_number=number & 0xFFFF, timestamp=number * 960, ssrc=ssrc)
            packet.payload = bytes(encoded)
            packets.append((packet.serialize(), start_us + int(number * 20_000 * (1 - clock_ppm / 1e6))))
    return packets


def header_of(track_id: str, kind: str, **changes: object) -> JournalHeader:
    video = kind == "video"
    fields: dict[str, object] = {
        "session_id": "session",
        "track_id": track_id,
        "participant_id": "applicant-1",
        "role": "applicant",
        "kind": kind,
        "codec": "VP8" if video else "opus",
        "clock_rate": VIDEO_CLOCK if video else AUDIO_CLOCK,
        "payload_type": 96 if video else 111,
        "ssrc": 0x11112222 if video else 0x33334444,
        "created_us": START_US,
    }
    return JournalHeader(**{**fields, **changes})  # type: ignore[arg-type]


def write_journal(path: Path, header: JournalHeader, packets: Packets) -> Path:
    """A journal made in one go, for tests that are not about writing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [encode_record(RTP, arrival_us, packet) for packet, arrival_us in packets]
    path.write_bytes(encode_header(header) + b"".join(records))
    return path
