"""How much one peer may ask of the relay. Pure: what time it is comes as an argument or a callable."""

from __future__ import annotations

from collections.abc import Callable

SECOND_US = 1_000_000


class Budget:
    """So much in each window of time. Whoever takes subtracts from `left` and asks `renew` only below zero.

    So the hot path pays one subtraction and one comparison, and no clock. A window begins with the first taking after
    the last one's end; at its border up to two budgets may come at once. `over_windows` counts the windows in a row in
    which something was refused.
    """

    __slots__ = ("_now_us", "_per_window", "_refused", "_started_us", "_window_us", "left", "over_windows")

    def __init__(self, per_window: int, now_us: Callable[[], int], window_us: int = SECOND_US) -> None:
        self.left = per_window
        self.over_windows = 0
        self._per_window = per_window
        self._window_us = window_us
        self._now_us = now_us
        self._started_us = now_us()
        self._refused = False

    def take(self, cost: int = 1) -> bool:
        """Whether there was so much left."""
        self.left -= cost
        return self.left >= 0 or self.renew(cost)

    def is_over(self, windows: int) -> bool:
        """Whether so many windows in a row refused something, and the last of them was just now."""
        return self.over_windows >= windows and self._now_us() - self._started_us < 2 * self._window_us

    def renew(self, cost: int) -> bool:
        """Begin a new window with `cost` taken from it; False where the last window still runs."""
        now_us = self._now_us()
        elapsed_us = now_us - self._started_us
        if elapsed_us < self._window_us:
            self._refused = True
            return False
        in_a_row = self._refused and elapsed_us < 2 * self._window_us
        self.over_windows = self.over_windows + 1 if in_a_row else 0
        self._refused = False
        self._started_us = now_us
        self.left = self._per_window - cost
        return True


class Credit:
    """A few at once, then one in each interval."""

    __slots__ = ("_at_once", "_full_us", "_interval_us")

    def __init__(self, at_once: int, interval_us: int) -> None:
        self._at_once = at_once
        self._interval_us = interval_us
        #: When the credit is whole again.
        self._full_us = 0

    def take(self, now_us: int) -> bool:
        full_us = max(self._full_us, now_us) + self._interval_us
        if full_us - now_us > self._at_once * self._interval_us:
            return False
        self._full_us = full_us
        return True
