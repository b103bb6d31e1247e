"""What there is to show of a session, and as what: the journals, the timeline's zero, the container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from media.codec_names import H264, VP8
from media.errors import Kind, MediaError
from media.journal.format import JournalError, JournalHeader, Record
from media.journal.reader import read_header, read_undamaged

#: "webm": VP8 and Opus. "mp4": H.264 and AAC with its index in front. "fmp4": the same in fragments of two seconds.
Container = Literal["webm", "mp4", "fmp4"]
CODEC_OF: dict[Container, str] = {"webm": VP8, "mp4": H264, "fmp4": H264}


def no_recording() -> MediaError:
    return MediaError(Kind.CONFLICT, "no_recording", "nothing was recorded in that session")


@dataclass(slots=True)
class Reach:
    """How far the journals were read: the latest arrival, in unix µs."""

    latest_us: int = 0

    def follow(self, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            self.latest_us = max(self.latest_us, record.arrival_us)
            yield record


@dataclass(frozen=True, slots=True)
class Source:
    """A journal with something in it. `bytes`: of the file when this was planned."""

    path: Path
    header: JournalHeader
    bytes: int
    first_us: int


@dataclass(frozen=True, slots=True)
class FilmPlan:
    origin_us: int
    pictures: tuple[Source, ...]
    voices: tuple[Source, ...]

    @property
    def untouched(self) -> Container:
        """The container that takes the pictures as they came, or most easily."""
        codecs = {source.header.codec for source in self.pictures}
        return "mp4" if codecs == {H264} else "webm"

    @property
    def sources(self) -> tuple[Source, ...]:
        return (*self.pictures, *self.voices)


def plan_film(session_directory: Path) -> FilmPlan:
    """The applicant's pictures and everybody's voices. Damaged and empty journals are left out.

    Only the head of each journal is read. Raises MediaError `no_recording`.
    """
    found = [source for path in sorted((session_directory / "journal").glob("*.ytj")) if (source := _source(path))]
    if not found:
        raise no_recording()
    pictures = tuple(s for s in found if s.header.kind == "video" and s.header.role == "applicant")
    voices = tuple(s for s in found if s.header.kind == "audio")
    return FilmPlan(min(source.first_us for source in found), pictures, voices)


def _source(path: Path) -> Source | None:
    try:
        header = read_header(path)
    except JournalError:
        return None  # a journal whose header was torn off by a crash holds nothing to show
    first = next(read_undamaged(path), None)
    return None if first is None else Source(path, header, path.stat().st_size, first.arrival_us)
