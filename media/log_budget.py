"""A bound on the lines of a log: whatever happens, and however often, it does not fill the disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from media.budget import Budget

MAX_LINES_PER_S = 20


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000


class LineBudget(logging.Filter):
    """For a handler: so many records a second; the first one after that says how many there were besides."""

    def __init__(self, per_s: int = MAX_LINES_PER_S, now_us: Callable[[], int] = _monotonic_us) -> None:
        super().__init__()
        self._budget = Budget(per_s, now_us)
        self._untold = 0

    def filter(self, record: logging.LogRecord) -> bool:
        if not self._budget.take():
            self._untold += 1
            return False
        if self._untold:
            record.msg, record.args = f"{record.getMessage()} (and {self._untold} lines before it)", ()
            self._untold = 0
        return True
