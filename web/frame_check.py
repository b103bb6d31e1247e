"""Counts page-signed frames for the verifier: the media plane reads journals, the domain says what a package claims."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import astuple
from types import TracebackType

from inspection.domain.verification_frames import FrameFacts, SignedTrack, TrackCounted
from media.frame_signatures_count import FrameCount
from media.frame_signatures_journal import Verifiers, count_journal
from media.journal.format import JournalError


class FrameCheck:
    """A `CountFrames`. A context: its processes end with it. `processes`: 0 verifies here; `niceness`: of each."""

    def __init__(self, processes: int | None = None, niceness: int = 0) -> None:
        most = max(1, (os.cpu_count() or 1) - 1) if processes is None else processes
        self._verifiers = Verifiers(most, niceness)

    def __enter__(self) -> FrameCheck:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._verifiers.close()

    def __call__(self, track: SignedTrack, chunks: Iterable[bytes], is_whole: bool) -> TrackCounted:
        """A journal whose header names no such video shows no frames, so nothing can be claimed of it."""
        try:
            count = count_journal(chunks, track.public_keys, self._verifiers.verify, is_whole=is_whole)
        except (JournalError, KeyError):
            return TrackCounted(FrameFacts(), (None,) * len(track.claims))
        ranges = tuple(_facts(count, claim.from_index, claim.to_index) for claim in track.claims)
        return TrackCounted(_facts(count, 0, count.decided - 1) or FrameFacts(), ranges)


def _facts(count: FrameCount, from_index: int, to_index: int) -> FrameFacts | None:
    if to_index >= count.decided:
        return None
    return FrameFacts(*astuple(count.facts(from_index, to_index)))
