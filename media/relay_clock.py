"""The relay's clock: monotonic microseconds for intervals, unix microseconds for what is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Slewing moves a clock by 0.5 ms a second at most; beyond this somebody set it.
STEP_US = 50_000
#: Two clocks read so far apart in time (the process was put aside between) say nothing about each other.
READ_TOGETHER_US = 1_000
READINGS = 5


class RelayClock:
    """One monotonic reading serves a whole packet; `wall_offset_us` is renewed by `synchronise` about every second."""

    __slots__ = ("_monotonic_ns", "_wall_ns", "wall_offset_us")

    def __init__(
        self, monotonic_ns: Callable[[], int] = time.monotonic_ns, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._wall_ns = wall_ns
        self.wall_offset_us = 0
        self.synchronise()

    def synchronise(self) -> int:
        """By how many microseconds the wall clock was set since the last call; 0 while it only drifts."""
        before_us, self.wall_offset_us = self.wall_offset_us, self._read_offset_us()
        step_us = self.wall_offset_us - before_us
        return step_us if abs(step_us) >= STEP_US else 0

    def now_us(self) -> int:
        return self._monotonic_ns() // 1000

    def wall_us(self) -> int:
        return self.now_us() + self.wall_offset_us

    def _read_offset_us(self) -> int:
        """Of a few readings the first that was quick, else the quickest."""
        best_ns, offset_ns = -1, 0
        for _ in range(READINGS):
            before_ns, wall_ns, after_ns = self._monotonic_ns(), self._wall_ns(), self._monotonic_ns()
            if best_ns < 0 or after_ns - before_ns < best_ns:
                best_ns, offset_ns = after_ns - before_ns, wall_ns - before_ns
            if best_ns <= READ_TOGETHER_US * 1000:
                break
        return offset_ns // 1000
