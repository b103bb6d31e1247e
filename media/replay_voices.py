"""Decodes voices and mixes them on one timeline, block by block."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from media.journal.reader import read_header, read_undamaged
from media.replay_plan import Reach
from media.replay_timeline import Timeline, sounds_of

RATE = 48_000
BLOCK_SAMPLES = RATE
#: A stretch goes on without a seam where its next packet is this near to where it should be.
SEAM_SAMPLES = RATE // 200

logger = logging.getLogger(__name__)

Samples = NDArray[np.float32]


@dataclass(slots=True)
class Piece:
    """Mono samples and the place of the first on the timeline, in samples."""

    start: int
    samples: Samples


def voice_pieces(journal_path: Path, origin_us: int, reach: Reach) -> Iterator[Piece]:
    """The voice of one journal, in order and without overlap. Packets that cannot be decoded are silent."""
    clock_rate = read_header(journal_path).clock_rate
    timeline = Timeline(clock_rate)
    codec: AudioCodecContext | None = None
    end = 0
    for sound in sounds_of(reach.follow(read_undamaged(journal_path))):
        if codec is None or sound.fresh:
            codec = _open_codec()
        at_us = timeline.place(sound.rtp_timestamp, sound.arrival_us) - origin_us
        start = at_us * RATE // 1_000_000
        samples = _decode(codec, sound.payload)
        if abs(start - end) <= SEAM_SAMPLES:
            start = end
        overlap = max(0, end - start)
        if overlap < len(samples):
            yield Piece(start + overlap, samples[overlap:])
            end = start + len(samples)


def _open_codec() -> AudioCodecContext:
    codec = av.CodecContext.create("libopus", "r")
    codec.layout, codec.sample_rate = "stereo", RATE
    return codec


def _decode(codec: AudioCodecContext, payload: bytes) -> Samples:
    try:
        frames = codec.decode(av.Packet(payload))
    except av.error.FFmpegError as error:
        logger.warning("a packet of a voice cannot be decoded: %s", type(error).__name__)
        return np.zeros(0, np.float32)
    parts = [_mono(frame) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _mono(frame: av.AudioFrame) -> Samples:
    content = frame.to_ndarray()
    channels = frame.layout.nb_channels
    if not frame.format.is_planar:
        content = content.reshape(-1, channels).T
    scale = 32768.0 if content.dtype == np.int16 else 1.0
    return cast(Samples, (content.mean(axis=0) / scale).astype(np.float32))


def mix(voices: Iterable[Iterator[Piece]], total_samples: Callable[[], int]) -> Iterator[NDArray[np.int16]]:
    """Blocks of a second from 0 on; silence where nobody speaks, clipped where all shout.

    Goes on while somebody speaks, and up to `total_samples`, which may grow meanwhile.
    """
    sources = [_Source(voice) for voice in voices]
    start = 0
    while any(source.speaks for source in sources) or start < total_samples():
        room = total_samples() - start
        block = np.zeros(min(BLOCK_SAMPLES, room) if room > 0 else BLOCK_SAMPLES, np.float32)
        for source in sources:
            source.add_to(block, start)
        start += len(block)
        yield (np.clip(block, -1.0, 1.0) * 32767).astype(np.int16)


class _Source:
    """One voice, of which at most one piece waits for its block."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._piece = next(pieces, None)

    @property
    def speaks(self) -> bool:
        """Whether something is still to come."""
        return self._piece is not None

    def add_to(self, block: Samples, start: int) -> None:
        end = start + len(block)
        while self._piece is not None and self._piece.start < end:
            piece = self._piece
            skipped = max(0, start - piece.start)
            room = end - max(piece.start, start)
            samples = piece.samples[skipped : skipped + room]
            at = max(piece.start, start) - start
            block[at : at + len(samples)] += samples
            rest = piece.samples[skipped + room :]
            self._piece = Piece(end, rest) if len(rest) else next(self._pieces, None)
