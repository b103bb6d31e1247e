"""Continuity of an outgoing stream while its sources come, go and restart their counters."""

from __future__ import annotations

#: A source that starts late on the way out leaves room below its first packet for packets that overtook it.
FIRST_OUT_SEQUENCE = 1000


class Continuity:
    """Offsets from a source's sequence and timestamp to the outgoing ones.

    Within a source they are constant. `rebase` lets a source go on where the last one ended: the next sequence number,
    and a timestamp later by the time that has passed. What the source sent before its first packet here is `too_early`.
    """

    __slots__ = (
        "_clock_rate",
        "_last_sequence",
        "_last_timestamp",
        "_last_us",
        "first_sequence",
        "sequence_offset",
        "timestamp_offset",
    )

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._last_sequence = FIRST_OUT_SEQUENCE - 1
        self._last_timestamp = 0
        self._last_us = 0
        self.first_sequence = 0
        self.sequence_offset = 0
        self.timestamp_offset = 0

    @property
    def last_sequence(self) -> int:
        """The highest that went out before the last `settle`, unwrapped."""
        return self._last_sequence

    def rebase(self, sequence: int, timestamp: int, now_us: int) -> None:
        """`sequence` unwrapped and `timestamp` (32 bits) of the source's first packet."""
        elapsed = 0
        if self._last_us:
            elapsed = max(1, (now_us - self._last_us) * self._clock_rate // 1_000_000)
        self.first_sequence = sequence
        self.sequence_offset = self._last_sequence + 1 - sequence
        self.timestamp_offset = self._last_timestamp + elapsed - timestamp

    def settle(self, sequence: int, timestamp: int, came_us: int) -> None:
        """Remember the highest packet of the source that ends: unwrapped sequence, timestamp as the source counted, and
        when it came: the time until the next source's first packet is what lips and voice are joined by.
        """
        self._last_sequence = max(self._last_sequence, sequence + self.sequence_offset)
        self._last_timestamp = (timestamp + self.timestamp_offset) & 0xFFFFFFFF
        self._last_us = came_us
