"""The applicant's pictures of a whole session, as they were encoded, on one timeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from media.depacketise import EncodedFrame, frames_of
from media.journal.reader import read_header, read_undamaged
from media.replay_timeline import Timeline

SHORTEST_MS = 1


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """An encoded frame and when it is shown, in ms from the origin."""

    at_ms: int
    frame: EncodedFrame


def timed_frames(journal_paths: list[Path], origin_us: int) -> Iterator[TimedFrame]:
    """The decodable frames of all journals, strictly later one after another.

    After a reconnection the next journal takes over at its first key frame: two streams cannot be mixed in one.
    """
    starts = sorted((start, path) for path in journal_paths if (start := first_picture_us(path)) is not None)
    ends = [later for _, (later, _) in pairwise(starts)]
    last_ms = -SHORTEST_MS
    for at, (_, path) in enumerate(starts):
        end_us = ends[at] if at < len(ends) else None
        for place_us, frame in _decodable(path):
            if end_us is not None and frame.arrival_us >= end_us:
                break
            last_ms = max(last_ms + SHORTEST_MS, (place_us - origin_us) // 1000)
            yield TimedFrame(last_ms, frame)


def first_picture_us(journal_path: Path) -> int | None:
    """When the first decodable frame had arrived, None where there is none."""
    return next((frame.arrival_us for _, frame in _decodable(journal_path)), None)


def _decodable(journal_path: Path) -> Iterator[tuple[int, EncodedFrame]]:
    header = read_header(journal_path)
    timeline = Timeline(header.clock_rate)
    for frame in frames_of(read_undamaged(journal_path), header.codec):
        place_us = timeline.place(frame.rtp_timestamp, frame.arrival_us)
        if frame.decodable:
            yield place_us, frame
