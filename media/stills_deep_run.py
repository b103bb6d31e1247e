"""The deep check of many journals on several cores: processes, since what they decode was written by strangers."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from media.journal.format import RECORD_OVERHEAD_BYTES, JournalError, JournalHeader
from media.journal.slice import JournalSlice
from media.stills_deep import DecodeTask, Found, FrameFinder, FrameSurvey, WantedFrame, decode_group, has_pictures
from media.stills_deep_segments import SegmentTally, StatedSegment

#: Nothing arriving for longer than this is a pause that somebody should have declared.
PAUSE_US = 3_000_000
MOST_PAUSES = 1000

Progress = Callable[[int, int], None]
"""`(frames decoded, frames to decode)`."""


class DeepCheckError(Exception):
    """The check could not be carried out; the message says why. It says nothing about the recording."""


@dataclass(frozen=True, slots=True)
class DeepJournal:
    """A journal, or a run of whole segments of one, with what is stated about it."""

    header: JournalHeader
    source: JournalSlice
    segments: tuple[StatedSegment, ...]
    wanted: tuple[WantedFrame, ...]


@dataclass(slots=True)
class JournalSurvey:
    """What the first pass found. wrong_segments: their numbers. pauses: (from, to) in unix ms, a thousand at most."""

    frames: FrameSurvey = field(default_factory=FrameSurvey)
    wrong_segments: list[int] = field(default_factory=list)
    pauses: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class DeepOutcome:
    """surveys: as the journals were given. found: likewise, of each wanted frame by its number."""

    surveys: list[JournalSurvey]
    found: list[dict[int, Found]]
    decoded_frames: int


def survey_journal(journal: DeepJournal) -> JournalSurvey:
    """The first pass over one journal. Raises JournalError, OSError."""
    survey = JournalSurvey()
    finder = FrameFinder(journal.source, journal.header.codec, journal.wanted) if has_pictures_of(journal) else None
    tally = SegmentTally(journal.header, journal.segments)
    last_us = 0
    for record in journal.source.records():
        if finder is not None and last_us == 0:
            finder.begin(record.end - _record_bytes(record.payload))
        tally.take(record)
        if last_us and record.arrival_us - last_us > PAUSE_US and len(survey.pauses) < MOST_PAUSES:
            survey.pauses.append((last_us // 1000, record.arrival_us // 1000))
        if finder is not None:
            finder.take(record)
        last_us = max(last_us, record.arrival_us)
    tally.finish()
    survey.wrong_segments = tally.wrong
    if finder is not None:
        survey.frames = finder.finish()
    return survey


def check_journals(
    journals: Sequence[DeepJournal],
    workers: int | None = None,
    progress: Progress = lambda done, whole: None,
) -> DeepOutcome:
    """Surveys all journals, then decodes what their stills need. workers: processes, as many as cores by default.

    Raises DeepCheckError.
    """
    workers = workers or len(os.sched_getaffinity(0))
    spawning = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(workers, mp_context=spawning) as pool:
            surveys = list(pool.map(survey_journal, journals))
            tasks = [(at, task) for at, survey in enumerate(surveys) for task in survey.frames.tasks]
            found = [dict(survey.frames.outcomes) for survey in surveys]
            for at, decoded in _decode_all(pool, tasks, workers, progress):
                found[at] |= decoded
    except (JournalError, OSError, BrokenProcessPool) as error:
        raise DeepCheckError(f"{type(error).__name__}: {error}") from error
    return DeepOutcome(surveys, found, sum(task.frames for _, task in tasks))


def has_pictures_of(journal: DeepJournal) -> bool:
    """Whether frames of this journal are counted and decoded here."""
    return journal.header.kind == "video" and has_pictures(journal.header.codec)


def _decode_all(
    pool: Executor, tasks: Iterable[tuple[int, DecodeTask]], workers: int, progress: Progress
) -> Iterator[tuple[int, dict[int, Found]]]:
    """(a task's journal, what became of its stills). The longest first, a few ahead of the workers."""
    waiting = sorted(tasks, key=lambda each: each[1].frames)
    whole, done = sum(task.frames for _, task in waiting), 0
    running: dict[Future[dict[int, Found]], tuple[int, int]] = {}
    while waiting or running:
        while waiting and len(running) < 2 * workers:
            at, task = waiting.pop()
            running[pool.submit(decode_group, task)] = (at, task.frames)
        for finished in wait(running, return_when=FIRST_COMPLETED).done:
            at, frames = running.pop(finished)
            done += frames
            yield at, finished.result()
            progress(done, whole)


def _record_bytes(payload: bytes) -> int:
    return len(payload) + RECORD_OVERHEAD_BYTES
