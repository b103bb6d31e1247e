"""Where a video journal can be entered: its key frames, so that looking back reads a stretch and not the whole file.

An index is derived: it can be made again from the journal at any time, and covers it from the start up to an offset.
"""

from __future__ import annotations

import json
import logging
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from media.depacketise import EncodedFrame, FrameAssembler
from media.journal.format import RTP, Record
from media.journal.reader import JournalTail, read_header

INDEX_VERSION = 1
#: A sender of nothing but key frames does not fill the memory: marks are at least this far apart.
APART_US = 1_000_000
#: So much of a journal (a minute or two) is read beyond its index rather than to make the index anew.
MOST_BEHIND_BYTES = 16 * 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """Before the first packet of a key frame. offset: of the next record. checkpoint: of the assembler there."""

    offset: int
    frame_index: int
    arrival_us: int
    checkpoint: dict[str, Any]


@dataclass(slots=True)
class KeyframeIndex:
    """Marks in the order of the file; `covered` is the offset up to which they are known."""

    marks: list[Mark] = field(default_factory=list)
    covered: int = 0

    def before(self, at_us: int | None) -> list[Mark]:
        """The marks of key frames that had arrived by then, the latest first."""
        end = len(self.marks) if at_us is None else bisect_right(self.marks, at_us, key=lambda mark: mark.arrival_us)
        return self.marks[:end][::-1]


class IndexedReader:
    """Reads a journal to its end and beyond as it grows, giving frames and adding to its index. One thread."""

    def __init__(self, journal_path: Path) -> None:
        """Raises JournalError or OSError where the header cannot be read."""
        self.assembler = FrameAssembler(read_header(journal_path).codec)
        self.index = KeyframeIndex()
        self._tail = JournalTail(journal_path)
        self._clean: tuple[int, dict[str, Any]] | None = None

    def read(self) -> list[EncodedFrame] | None:
        """The frames of the next stretch (about a megabyte), None at the end. Raises JournalError, OSError."""
        begins = self._tail.offset
        records = self._tail.read()
        if begins == 0:
            self._note_clean(0)
        frames = [frame for record in records if record.kind == RTP for frame in self._take(record)]
        self.index.covered = self._tail.offset
        return frames if records else None

    def flush(self) -> list[EncodedFrame]:
        """What is whole at the end of a journal that does not grow any more."""
        return self.assembler.flush()

    def close(self) -> None:
        """Idempotent."""
        self._tail.close()

    def _take(self, record: Record) -> list[EncodedFrame]:
        frames = self.assembler.feed(record.payload, record.arrival_us)
        for frame in frames:
            if frame.keyframe:
                self._mark(frame)
        if frames:
            self._note_clean(record.end)
        return frames

    def _note_clean(self, offset: int) -> None:
        checkpoint = self.assembler.checkpoint()
        if checkpoint is not None:
            self._clean = (offset, checkpoint)

    def _mark(self, frame: EncodedFrame) -> None:
        marks = self.index.marks
        if self._clean is None or (marks and frame.arrival_us - marks[-1].arrival_us < APART_US):
            return
        offset, checkpoint = self._clean
        marks.append(Mark(offset, frame.index, frame.arrival_us, checkpoint))


def build_index(journal_path: Path) -> KeyframeIndex:
    """Reads the whole journal, without decoding. Raises JournalError, OSError."""
    reader = IndexedReader(journal_path)
    try:
        while reader.read() is not None:
            pass
        return reader.index
    finally:
        reader.close()


def records_and_frames_from(journal_path: Path, mark: Mark) -> Iterator[tuple[int, list[EncodedFrame]]]:
    """(arrival of a record, the frames that it completes) from a mark to the end; the last with what was left over.

    Raises JournalError, OSError, and ValueError where the mark is none of this journal.
    """
    assembler = FrameAssembler(read_header(journal_path).codec)
    tail = JournalTail(journal_path)
    try:
        assembler.resume(mark.checkpoint)
        tail.offset = mark.offset
        arrival_us = mark.arrival_us
        while records := tail.read():
            for record in records:
                if record.kind == RTP:
                    arrival_us = record.arrival_us
                    yield arrival_us, assembler.feed(record.payload, arrival_us)
        yield arrival_us, assembler.flush()
    except (KeyError, TypeError) as error:
        raise ValueError("no mark of this journal") from error
    finally:
        tail.close()


def index_path(journal_path: Path) -> Path:
    """Beside the other derivatives of the session."""
    return journal_path.parent.parent / "derived" / f"{journal_path.stem}.index.json"


def save_index(journal_path: Path, index: KeyframeIndex) -> None:
    """Whole or not at all; not synced, for it can be made again. Raises OSError."""
    path = index_path(journal_path)
    making = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    marks = [[mark.offset, mark.frame_index, mark.arrival_us, mark.checkpoint] for mark in index.marks]
    fields = {"version": INDEX_VERSION, "covered": index.covered, "marks": marks}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        making.write_text(json.dumps(fields, separators=(",", ":")), "ascii")
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def load_index(journal_path: Path) -> KeyframeIndex | None:
    """None where there is none that fits the journal, or it was made long before the journal ended."""
    try:
        fields = json.loads(index_path(journal_path).read_bytes())
        behind = journal_path.stat().st_size - fields["covered"]
        if fields["version"] != INDEX_VERSION or not 0 <= behind <= MOST_BEHIND_BYTES:
            return None
        return KeyframeIndex([Mark(*each) for each in fields["marks"]], int(fields["covered"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("the index of journal %s is made anew: %s", journal_path.stem, type(error).__name__)
        return None
