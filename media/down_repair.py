"""What of a stream is sent again: each packet once a round trip, and in all no more than a share of the stream.

A browser asks again every 100 ms while a packet is missing. On a line with a long queue each asking would be answered
many times over before the first answer is through, and the answers would fill the line.
"""

from __future__ import annotations

#: A receiver may ask for so many retransmissions per report interval (about a second).
MAX_PACKETS = 600
#: Beside the share, for streams that send little and for the first second.
FREE_BYTES = 16_384
FIRST_BYTES = 131_072
#: What is sent again is at most one part in so many of what was sent: on any line, and on one that is full.
USUAL_PART, CAREFUL_PART = 2, 8
FIRST_ROUND_TRIP_US = 100_000
SHORTEST_ROUND_TRIP_US, LONGEST_ROUND_TRIP_US = 20_000, 1_000_000


class RepairBudget:
    """`allow` before each packet, `renew` about every second. `part`: USUAL_PART or CAREFUL_PART."""

    __slots__ = ("_again_us", "_bytes_left", "_mask", "_octets", "_packets_left", "part", "refused", "round_trip_us")

    def __init__(self, history_packets: int) -> None:
        self.part = USUAL_PART
        self.round_trip_us = FIRST_ROUND_TRIP_US
        self.refused = 0
        self._mask = history_packets - 1
        self._again_us = [0] * history_packets
        self._packets_left = MAX_PACKETS
        self._bytes_left = FIRST_BYTES
        self._octets = 0

    def allow(self, sequence: int, size: int, now_us: int) -> bool:
        """Whether this packet of so many bytes may be sent again now."""
        at = sequence & self._mask
        if now_us < self._again_us[at] or self._packets_left <= 0 or self._bytes_left < size:
            self.refused += 1
            return False
        self._again_us[at] = now_us + self.round_trip_us
        self._packets_left -= 1
        self._bytes_left -= size
        return True

    def renew(self, octets: int) -> None:
        """Another interval. `octets`: how much the stream has sent since it began."""
        self._packets_left = MAX_PACKETS
        self._bytes_left = (octets - self._octets) // self.part + FREE_BYTES
        self._octets = octets

    def note_round_trip(self, sample_us: int) -> None:
        """A receiver report tells how long there and back took."""
        sample_us = max(SHORTEST_ROUND_TRIP_US, min(LONGEST_ROUND_TRIP_US, sample_us))
        self.round_trip_us = (3 * self.round_trip_us + sample_us) // 4
