"""The applicant's pictures of a whole session, as they were encoded, on one timeline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from media.depacketise import EncodedFrame, frames_of
from media.journal.reader import read_header, read_undamaged
from media.replay_plan import FilmPlan, Reach
from media.replay_reencode import Reencoder
from media.replay_timeline import Timeline

SHORTEST_MS = 1


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """An encoded frame and when it is shown, in ms from the origin."""

    at_ms: int
    frame: EncodedFrame


@dataclass(slots=True)
class Pictures:
    """The pictures of a plan in one codec. `reencoded`: of how many journals they had to be encoded anew."""

    plan: FilmPlan
    codec: str
    reach: Reach
    reencoded: int = field(default=0, init=False)

    def timed(self) -> Iterator[TimedFrame]:
        """The decodable frames of all journals, strictly later one after another.

        After a reconnection the next journal takes over at its first key frame: two streams cannot be mixed in one.
        """
        paths = [source.path for source in self.plan.pictures]
        starts = sorted((start, path) for path in paths if (start := first_picture_us(path)) is not None)
        ends = [later for _, (later, _) in pairwise(starts)]
        last_ms = -SHORTEST_MS
        for at, (_, path) in enumerate(starts):
            for place_us, frame in self._pictures(path, ends[at] if at < len(ends) else None):
                last_ms = max(last_ms + SHORTEST_MS, (place_us - self.plan.origin_us) // 1000)
                yield TimedFrame(last_ms, frame)

    def _pictures(self, path: Path, end_us: int | None) -> Iterator[tuple[int, EncodedFrame]]:
        """Up to the one at which the next journal takes over."""
        placed = _until(_decodable(path, self.reach), end_us)
        codec = read_header(path).codec
        if codec == self.codec:
            return placed
        self.reencoded += 1
        return Reencoder(codec, self.codec).frames(placed)


def first_picture_us(journal_path: Path) -> int | None:
    """When the first decodable frame had arrived, None where there is none."""
    return next((frame.arrival_us for _, frame in _decodable(journal_path, Reach())), None)


def _until(placed: Iterator[tuple[int, EncodedFrame]], end_us: int | None) -> Iterator[tuple[int, EncodedFrame]]:
    for place_us, frame in placed:
        if end_us is not None and frame.arrival_us >= end_us:
            return
        yield place_us, frame


def _decodable(journal_path: Path, reach: Reach) -> Iterator[tuple[int, EncodedFrame]]:
    header = read_header(journal_path)
    timeline = Timeline(header.clock_rate)
    for frame in frames_of(reach.follow(read_undamaged(journal_path)), header.codec):
        place_us = timeline.place(frame.rtp_timestamp, frame.arrival_us)
        if frame.decodable:
            yield place_us, frame
