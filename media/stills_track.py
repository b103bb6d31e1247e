"""Finds the picture of a moment in a journal: quickly at the end of one that grows, or anywhere in a finished one."""

from __future__ import annotations

import logging
from pathlib import Path

from media.depacketise import WAIT_US, EncodedFrame
from media.journal.format import JournalError
from media.journal.reader import read_header
from media.stills_decode import Picture, PictureDecoder
from media.stills_index import (
    IndexedReader,
    KeyframeIndex,
    Mark,
    build_index,
    load_index,
    records_and_frames_from,
    save_index,
)
from media.stills_port import video_too_large

#: Records this much later than a moment complete no frame that had arrived by then.
SETTLED_US = WAIT_US + 100_000

logger = logging.getLogger(__name__)


class TrackFollower:
    """Keeps up with one video journal, so that its newest picture is always nearly decoded."""

    def __init__(self, journal_path: Path) -> None:
        self.journal_path = journal_path
        self._reader: IndexedReader | None = None
        self._decoder: PictureDecoder | None = None

    def newest(self, at_us: int | None) -> Picture | None:
        """The newest picture; None where that arrived after `at_us`, or there is none.

        Raises MediaError `video_too_large` where the newest is wanted and larger than is decoded.
        """
        decoder = self._decoder
        if decoder is None:
            return None
        if decoder.refused_size is not None:
            if at_us is None:
                raise video_too_large(*decoder.refused_size)
            return None
        newest = decoder.newest
        return newest if newest is not None and (at_us is None or newest.frame.arrival_us <= at_us) else None

    @property
    def index(self) -> KeyframeIndex | None:
        """What is known of the journal's key frames; it goes on growing."""
        return self._reader.index if self._reader is not None else None

    def advance(self) -> bool:
        """Decode the next stretch (about a megabyte at most). False when there is nothing new.

        Raises JournalError or OSError where the journal cannot be read.
        """
        if self._reader is None or self._decoder is None:
            if not self.journal_path.exists():
                return False
            try:
                self._decoder = PictureDecoder(read_header(self.journal_path).codec)
                self._reader = IndexedReader(self.journal_path)
            except JournalError:
                return False  # its header is not written whole yet
        frames = self._reader.read()
        for frame in (frames or [])[_last_keyframe(frames or []) :]:
            self._decoder.decode(frame)
        return frames is not None

    def close(self) -> None:
        """Leaves the index behind for those who look back. Idempotent."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
            _keep_index(self.journal_path, reader.index)


def _last_keyframe(frames: list[EncodedFrame]) -> int:
    """Nothing before a key frame is needed to decode what comes after it."""
    return next((at for at in range(len(frames) - 1, -1, -1) if frames[at].keyframe), 0)


def find_picture(journal_path: Path, at_us: int | None, index: KeyframeIndex | None = None) -> Picture | None:
    """The last picture that had arrived at `at_us` (None: the last of all), None where there is none.

    Reads and decodes from the key frame before it. Memory is bounded. Raises MediaError `video_too_large`,
    JournalError, OSError.
    """
    index = index or load_index(journal_path) or _indexed(journal_path)
    ends_at: int | None = None
    for mark in index.before(at_us):
        found = _newest_from(journal_path, mark, at_us, ends_at)
        if found is not None:
            return found
        ends_at = mark.frame_index
    return None


def _indexed(journal_path: Path) -> KeyframeIndex:
    index = build_index(journal_path)
    _keep_index(journal_path, index)
    return index


def _keep_index(journal_path: Path, index: KeyframeIndex) -> None:
    try:
        save_index(journal_path, index)
    except OSError as error:
        logger.warning("the index of journal %s is not kept: %s", journal_path.stem, error.strerror)


def _newest_from(journal_path: Path, mark: Mark, at_us: int | None, ends_at: int | None) -> Picture | None:
    """The last picture by then between a mark and the frame `ends_at`."""
    decoder = PictureDecoder(read_header(journal_path).codec)
    best: Picture | None = None
    refused: tuple[int, int] | None = None
    for arrival_us, frames in records_and_frames_from(journal_path, mark):
        for frame in frames:
            if ends_at is not None and frame.index >= ends_at:
                return best
            decoder.decode(frame)
            if at_us is None or frame.arrival_us <= at_us:
                best, refused = decoder.newest, decoder.refused_size
        if at_us is not None and arrival_us > at_us + SETTLED_US:
            break
    if refused is not None:
        raise video_too_large(*refused)
    return best
