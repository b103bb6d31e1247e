"""How far a phone's clock is off, by a short exchange over its session socket. Pure: clocks are arguments.

Each message tells the phone's time; it is sent when the answer to the one before arrives. So between our answer and
the next message lies one round trip, and the phone's time is that of its middle (RFC 5905 8, with one clock asked).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inspection.services.clocks import PhoneClock

ROUNDS = 5
LONGEST_ROUND_TRIP_MS = 5000.0
#: What is on record already is not said again unless the clock was set meanwhile.
SAME_MS = 1000
#: At least so long between two entries: a phone may say of its clock whatever it likes, as often as it likes.
BETWEEN_S = 60.0


@dataclass(slots=True)
class ClockExchange:
    """One participant's exchanges, of which the ledger gets at most one a minute."""

    _on_record_ms: int | None = None
    _told_s: float | None = None
    _rounds: int = 0
    _answered_s: float | None = None
    _answered_unix_ms: float = 0.0
    _best: PhoneClock | None = None

    def take(self, phone_ms: int, now_s: float, unix_ms: float) -> None:
        """A message came at `now_s` (monotonic) and `unix_ms` (wall clock); call `answered` when it is answered."""
        if not 0 < self._rounds < ROUNDS:
            self._rounds, self._best, self._answered_s = 0, None, None
        self._rounds += 1
        if self._answered_s is None:
            return
        round_trip_ms = (now_s - self._answered_s) * 1000
        if round_trip_ms > LONGEST_ROUND_TRIP_MS:
            return
        offset_ms = round(phone_ms - (self._answered_unix_ms + round_trip_ms / 2))
        if self._best is None or round_trip_ms < self._best.round_trip_ms:
            self._best = PhoneClock(offset_ms, round(round_trip_ms))

    def answered(self, now_s: float, unix_ms: float) -> None:
        """The answer goes out now."""
        self._answered_s, self._answered_unix_ms = now_s, unix_ms

    @property
    def goes_on(self) -> bool:
        """Whether the phone is to send another."""
        return self._rounds < ROUNDS

    def take_news(self, now_s: float) -> PhoneClock | None:
        """After the last round: what the ledger does not have yet. It counts as on record from now on."""
        if self.goes_on or self._best is None:
            return None
        if self._told_s is not None and now_s - self._told_s < BETWEEN_S:
            return None
        if self._on_record_ms is not None and abs(self._best.offset_ms - self._on_record_ms) < SAME_MS:
            return None
        self._on_record_ms, self._told_s = self._best.offset_ms, now_s
        return self._best


def unix_ms(at: datetime) -> float:
    """Milliseconds since 1970."""
    return at.timestamp() * 1000
