"""When a recorded sender is asked for a key frame, so that its record can be entered in less than half a minute's work.

Senders by themselves begin anew every 3000 frames: three minutes that a player has to decode to jump, and that a
damaged byte takes along. A key frame costs detail (about 2 dB for two seconds at 600 kb/s), so they are rare, and a
weak line is left alone.
"""

from __future__ import annotations

EVERY_US = 30_000_000
LEAST_BITS_PER_S = 400_000


class Entrances:
    """For one track. Fed about once a second; key frames that came for another reason count too."""

    __slots__ = ("_bytes", "_since_us")

    def __init__(self) -> None:
        self._since_us = 0
        self._bytes = 0

    def begin(self, now_us: int, total_bytes: int) -> None:
        """A key frame was asked for, for whatever reason, or recording begins."""
        self._since_us = now_us
        self._bytes = total_bytes

    def due(self, now_us: int, total_bytes: int) -> bool:
        """True where one is to be asked for now. `total_bytes`: what the track has sent until now."""
        if not self._since_us:
            self.begin(now_us, total_bytes)
            return False
        elapsed_us = now_us - self._since_us
        if elapsed_us < EVERY_US:
            return False
        is_strong = (total_bytes - self._bytes) * 8_000_000 >= LEAST_BITS_PER_S * elapsed_us
        self.begin(now_us, total_bytes)
        return is_strong
