"""The relay's clock: monotonic microseconds for intervals, unix microseconds for what is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable


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

    def synchronise(self) -> None:
        self.wall_offset_us = (self._wall_ns() - self._monotonic_ns()) // 1000

    def now_us(self) -> int:
        return self._monotonic_ns() // 1000

    def wall_us(self) -> int:
        return self.now_us() + self.wall_offset_us
