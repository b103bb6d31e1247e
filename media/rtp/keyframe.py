"""When to ask a sender for a key frame, and how to know one (RFC 7741 section 4.2 and 4.3)."""

from __future__ import annotations

MIN_INTERVAL_US = 500_000
#: A request is repeated this often until a key frame begins, then given up (the sender may have stopped its camera).
MAX_REPEATS = 10
#: A viewer that asks while losses are being repaired is heard when it asks again so much later.
WITHHELD_US = 300_000
#: An earlier request that was withheld is no reason to hear the next one when it is older than this.
FORGOTTEN_US = 2_000_000


class KeyframeRequester:
    """Turns any number of requests into at most one per 500 ms, repeated until a key frame begins."""

    __slots__ = ("_asked_us", "_left", "_withheld_us", "wanted", "withheld")

    def __init__(self) -> None:
        self.wanted = False
        self._asked_us = -MIN_INTERVAL_US
        self._left = 0
        self._withheld_us = -FORGOTTEN_US
        self.withheld = 0

    def request(self, now_us: int) -> bool:
        """True when the sender is to be asked now; otherwise `due` will say so later."""
        self.wanted = True
        self._left = MAX_REPEATS
        return self.due(now_us)

    def mend(self, now_us: int, is_repairing: bool) -> bool:
        """As `request`, for a receiver's plight that a repair under way may end: its first request is withheld."""
        since_us = now_us - self._withheld_us
        if not is_repairing or WITHHELD_US <= since_us < FORGOTTEN_US:
            return self.request(now_us)
        if since_us >= FORGOTTEN_US:
            self._withheld_us = now_us
        self.withheld += 1
        return False

    def due(self, now_us: int) -> bool:
        if not self.wanted or now_us - self._asked_us < MIN_INTERVAL_US:
            return False
        if self._left == 0:
            self.wanted = False
            return False
        self._left -= 1
        self._asked_us = now_us
        return True

    def arrived(self) -> None:
        self.wanted = False


def begins_vp8_keyframe(packet: bytes, offset: int) -> bool:
    """Whether the payload at `offset` is the first of a VP8 key frame."""
    end = len(packet)
    if offset >= end or packet[offset] & 0x17 != 0x10:  # start of partition 0
        return False
    at = offset + 1
    if packet[offset] & 0x80:
        if at >= end:
            return False
        extensions = packet[at]
        at += 1
        if extensions & 0x80:
            at += 2 if at < end and packet[at] & 0x80 else 1
        at += (extensions >> 6 & 1) + (1 if extensions & 0x30 else 0)
    return at < end and not packet[at] & 1
