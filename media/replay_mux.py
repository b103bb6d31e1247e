"""Writes a film of a session: the applicant's picture, untouched where the container takes it, and all voices mixed.

Gaps stay on the timeline: the picture stands still, the sound is silent.
"""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias, cast

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from media.frame_signatures import without_signature
from media.journal.files import sync_directory
from media.replay_pictures import Pictures, TimedFrame
from media.replay_plan import CODEC_OF, Container, FilmPlan, Reach, plan_film
from media.replay_voices import RATE, mix, voice_pieces
from media.stills_port import Replay

MILLISECONDS = Fraction(1, 1000)
VOICE_FRAME_SAMPLES = 960
VOICE_BIT_RATE = 48_000


@dataclass(frozen=True, slots=True)
class _Format:
    """How libavformat calls it. Both codecs say their size in each key frame, and players follow those."""

    name: str
    video: str
    audio: str
    options: dict[str, str]


FORMATS: dict[Container, _Format] = {
    "webm": _Format("webm", "vp8", "libopus", {"cues_to_front": "1", "cluster_time_limit": "2000"}),
    "mp4": _Format("mp4", "h264", "aac", {"movflags": "faststart"}),
    "fmp4": _Format(
        "mp4",
        "h264",
        "aac",
        {"movflags": "empty_moov+default_base_moof+frag_keyframe", "frag_duration": "2000000"},
    ),
}

_Timed: TypeAlias = "tuple[int, int, Packet[Any]]"


def write_replay(session_directory: Path, out_path: Path, container: Container | None = None) -> Replay:
    """Make `out_path`, whole or not at all. Raises MediaError `no_recording`.

    `container` None: the one that takes the pictures untouched. Each journal is read once; memory is bounded whatever
    the length.
    """
    plan = plan_film(session_directory)
    chosen = container or plan.untouched
    out_path.parent.mkdir(parents=True, exist_ok=True)
    making = out_path.with_name(f".{out_path.name}.{os.getpid()}.tmp")
    try:
        replay = _attested(_mux(making, plan, chosen), making)
        _publish(making, out_path)
    finally:
        making.unlink(missing_ok=True)
    return replay


def _attested(replay: Replay, making: Path) -> Replay:
    with making.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return replace(replay, size_bytes=making.stat().st_size, sha256=digest)


def _publish(making: Path, out_path: Path) -> None:
    with making.open("rb") as file:
        os.fsync(file.fileno())
    making.replace(out_path)
    sync_directory(out_path.parent)


def _mux(path: Path, plan: FilmPlan, chosen: Container) -> Replay:
    reach, form = Reach(), FORMATS[chosen]
    pictures = Pictures(plan, CODEC_OF[chosen], reach)
    frames = pictures.timed()
    first = next(frames, None)
    with av.open(str(path), "w", format=form.name, options=form.options) as container:
        streams: list[Iterator[_Timed]] = []
        if first is not None:
            streams.append(_picture_packets(container, form, first, frames))
        if plan.voices or first is None:
            streams.append(_voice_packets(container, form, plan, reach))
        for _, _, packet in heapq.merge(*streams, key=lambda each: each[:2]):
            container.mux(packet)
    duration_ms = max(1, (reach.latest_us - plan.origin_us + 999) // 1000)
    sources = tuple((source.header.track_id, source.bytes) for source in plan.sources)
    return Replay(plan.origin_us, duration_ms, chosen, pictures.reencoded > 0, sources=sources)


def _picture_packets(
    container: OutputContainer, form: _Format, first: TimedFrame, rest: Iterator[TimedFrame]
) -> Iterator[_Timed]:
    stream = cast(Any, container).add_mux_stream(
        form.video, rate=30, width=first.frame.width, height=first.frame.height
    )
    stream.time_base = MILLISECONDS

    def packets() -> Iterator[_Timed]:
        for timed in chain([first], rest):
            packet: Packet[Any] = Packet(without_signature(timed.frame.content))
            packet.stream = stream
            packet.time_base = MILLISECONDS
            packet.pts = packet.dts = timed.at_ms
            packet.is_keyframe = timed.frame.keyframe
            yield timed.at_ms, 0, packet

    return packets()


def _voice_packets(container: OutputContainer, form: _Format, plan: FilmPlan, reach: Reach) -> Iterator[_Timed]:
    stream = cast(Any, container).add_stream(form.audio, rate=RATE, layout="mono")
    stream.bit_rate = VOICE_BIT_RATE
    pieces = [voice_pieces(source.path, plan.origin_us, reach) for source in plan.voices]
    blocks = mix(pieces, lambda: (reach.latest_us - plan.origin_us) * RATE // 1_000_000)

    def packets() -> Iterator[_Timed]:
        for frame in chain(_voice_frames(blocks), [None]):
            for packet in stream.encode(frame):
                yield int((packet.pts or 0) * packet.time_base * 1000), 1, packet

    return packets()


def _voice_frames(blocks: Iterator[NDArray[np.int16]]) -> Iterator[av.AudioFrame]:
    at = 0
    for block in blocks:
        for start in range(0, len(block), VOICE_FRAME_SAMPLES):
            part = block[start : start + VOICE_FRAME_SAMPLES]
            padded = np.pad(part, (0, VOICE_FRAME_SAMPLES - len(part)))
            frame = av.AudioFrame.from_ndarray(padded[None, :], format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            at += VOICE_FRAME_SAMPLES
            yield frame
