"""Writes the viewing copy of a session: a WebM with the applicant's VP8 untouched and all voices in one Opus track."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from media.errors import Kind, MediaError
from media.journal.files import sync_directory
from media.journal.format import JournalError, JournalHeader
from media.journal.reader import read_header, read_undamaged
from media.replay_pictures import TimedFrame, timed_frames
from media.replay_voices import RATE, mix, voice_pieces
from media.stills_port import Replay

MILLISECONDS = Fraction(1, 1000)
OPUS_FRAME_SAMPLES = 960
VOICE_BIT_RATE = 48_000
#: Matroska needs a picture's size in its header; VP8 key frames say their own, and players follow those.
HEADER_OPTIONS = {"cues_to_front": "1", "cluster_time_limit": "2000"}


def no_recording() -> MediaError:
    return MediaError(Kind.CONFLICT, "no_recording", "nothing was recorded in that session")


def write_replay(session_directory: Path, out_path: Path) -> Replay:
    """Make `out_path`, whole or not at all. Raises MediaError `no_recording`.

    Damaged and empty journals are left out; memory is bounded whatever the length.
    """
    journals = _readable(session_directory / "journal")
    spans = [(span, path, header) for path, header in journals if (span := _span_us(path)) is not None]
    if not spans:
        raise no_recording()
    origin_us = min(span[0] for span, _, _ in spans)
    replay = Replay(origin_us, max(1, (max(span[1] for span, _, _ in spans) - origin_us + 999) // 1000))
    pictures = [path for _, path, header in spans if header.kind == "video" and header.role == "applicant"]
    voices = [path for _, path, header in spans if header.kind == "audio"]
    out_path.parent.mkdir(parents=True, exist_ok=True)
    making = out_path.with_name(f".{out_path.name}.{os.getpid()}.tmp")
    try:
        _mux(making, pictures, voices, replay)
        _publish(making, out_path)
    finally:
        making.unlink(missing_ok=True)
    return replay


def _readable(folder: Path) -> list[tuple[Path, JournalHeader]]:
    found: list[tuple[Path, JournalHeader]] = []
    for path in sorted(folder.glob("*.ytj")):
        try:
            found.append((path, read_header(path)))
        except JournalError:
            continue  # a journal whose header was torn off by a crash holds nothing to show
    return found


def _span_us(path: Path) -> tuple[int, int] | None:
    first = last = None
    for record in read_undamaged(path):
        first = record.arrival_us if first is None else min(first, record.arrival_us)
        last = record.arrival_us if last is None else max(last, record.arrival_us)
    return None if first is None or last is None else (first, last)


def _publish(making: Path, out_path: Path) -> None:
    with making.open("rb") as file:
        os.fsync(file.fileno())
    making.replace(out_path)
    sync_directory(out_path.parent)


def _mux(path: Path, pictures: list[Path], voices: list[Path], replay: Replay) -> None:
    frames = timed_frames(pictures, replay.origin_us)
    first = next(frames, None)
    with av.open(str(path), "w", format="webm", options=HEADER_OPTIONS) as container:
        streams: list[Iterator[tuple[int, int, Packet[Any]]]] = []
        if first is not None:
            streams.append(_picture_packets(container, first, frames))
        if voices or first is None:
            streams.append(_voice_packets(container, voices, replay))
        for _, _, packet in heapq.merge(*streams, key=lambda each: each[:2]):
            container.mux(packet)


def _picture_packets(
    container: OutputContainer, first: TimedFrame, rest: Iterator[TimedFrame]
) -> Iterator[tuple[int, int, Packet[Any]]]:
    stream = cast(Any, container).add_mux_stream("vp8", rate=30, width=first.frame.width, height=first.frame.height)
    stream.time_base = MILLISECONDS

    def packets() -> Iterator[tuple[int, int, Packet[Any]]]:
        for timed in chain([first], rest):
            packet: Packet[Any] = Packet(timed.frame.content)
            packet.stream = stream
            packet.time_base = MILLISECONDS
            packet.pts = packet.dts = timed.at_ms
            packet.is_keyframe = timed.frame.keyframe
            yield timed.at_ms, 0, packet

    return packets()


def _voice_packets(
    container: OutputContainer, voices: list[Path], replay: Replay
) -> Iterator[tuple[int, int, Packet[Any]]]:
    stream = cast(Any, container).add_stream("libopus", rate=RATE, layout="mono")
    stream.bit_rate = VOICE_BIT_RATE
    blocks = mix([voice_pieces(path, replay.origin_us) for path in voices], replay.duration_ms * RATE // 1000)

    def packets() -> Iterator[tuple[int, int, Packet[Any]]]:
        for frame in chain(_opus_frames(blocks), [None]):
            for packet in stream.encode(frame):
                yield int((packet.pts or 0) * packet.time_base * 1000), 1, packet

    return packets()


def _opus_frames(blocks: Iterator[NDArray[np.int16]]) -> Iterator[av.AudioFrame]:
    at = 0
    for block in blocks:
        for start in range(0, len(block), OPUS_FRAME_SAMPLES):
            part = block[start : start + OPUS_FRAME_SAMPLES]
            padded = np.pad(part, (0, OPUS_FRAME_SAMPLES - len(part)))
            frame = av.AudioFrame.from_ndarray(padded[None, :], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            at += OPUS_FRAME_SAMPLES
            yield frame
