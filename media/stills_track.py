"""Finds the picture of a moment in a journal: quickly at the end of one that grows, or anywhere in a finished one."""

from __future__ import annotations

from pathlib import Path

from media.depacketise import FrameAssembler, Vp8Frame, frames_of
from media.journal.format import RTP
from media.journal.reader import JournalTail, read_undamaged
from media.stills_decode import Picture, PictureDecoder


class TrackFollower:
    """Keeps up with one video journal, so that its newest picture is always nearly decoded."""

    def __init__(self, journal_path: Path) -> None:
        self.journal_path = journal_path
        self._tail: JournalTail | None = None
        self._assembler = FrameAssembler()
        self._decoder = PictureDecoder()

    @property
    def newest(self) -> Picture | None:
        return self._decoder.newest

    def advance(self) -> bool:
        """Decode the next stretch (about a megabyte at most). False when there is nothing new.

        Raises JournalError or OSError where the journal cannot be read.
        """
        if self._tail is None:
            if not self.journal_path.exists():
                return False
            self._tail = JournalTail(self.journal_path)
        records = self._tail.read()
        packets = (record for record in records if record.kind == RTP)
        frames = [frame for each in packets for frame in self._assembler.feed(each.payload, each.arrival_us)]
        for frame in frames[_last_keyframe(frames) :]:
            self._decoder.decode(frame)
        return bool(records)

    def close(self) -> None:
        """Idempotent."""
        if self._tail is not None:
            self._tail.close()
            self._tail = None


def _last_keyframe(frames: list[Vp8Frame]) -> int:
    """Nothing before a key frame is needed to decode what comes after it."""
    return next((at for at in range(len(frames) - 1, -1, -1) if frames[at].keyframe), 0)


def find_picture(journal_path: Path, at_us: int | None) -> Picture | None:
    """The last picture that had arrived at `at_us` (None: the last of all), None where there is none.

    Reads the journal twice: to find the frame and its key frame, then to decode from there. Memory is bounded.
    """
    keyframe = target = -1
    from_keyframe = -1
    for frame in frames_of(read_undamaged(journal_path)):
        if frame.keyframe:
            keyframe = frame.index
        if frame.decodable and (at_us is None or frame.arrival_us <= at_us):
            target, from_keyframe = frame.index, keyframe
    if target < 0:
        return None
    decoder = PictureDecoder()
    for frame in frames_of(read_undamaged(journal_path)):
        if frame.index > target:
            break
        if frame.index >= from_keyframe:
            decoder.decode(frame)
    return decoder.newest
