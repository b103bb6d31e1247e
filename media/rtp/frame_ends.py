"""When frames are complete while packets before them are still being repaired."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

#: Ends of frames that wait for repairs: at 30 frames a second four seconds, longer than any repair is waited for.
MAX_WAITING = 128


class FrameEnds:
    """Ends of frames (unwrapped sequence numbers of marker packets) with something missing before them.

    On a line that loses at random something is missing at nearly every moment, and frames are complete all the same.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[int] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def clear(self) -> None:
        self._waiting.clear()

    def wait(self, sequence: int) -> None:
        """A frame ended here. The oldest is forgotten where too many wait."""
        insort(self._waiting, sequence)
        del self._waiting[:-MAX_WAITING]

    def take_complete(self, missing: Iterable[int], entrance: int) -> bool:
        """Whether frames have become complete: nothing is missing from `entrance` (a key frame's begin) to their end.

        `missing` is in ascending order.
        """
        first = next((sequence for sequence in missing if sequence >= entrance), None)
        count = len(self._waiting) if first is None else bisect_left(self._waiting, first)
        del self._waiting[:count]
        return count > 0
