"""What a receiver's own line loses of a stream, apart from what never came to us."""

from __future__ import annotations

from media.rtp.rtcp import Report

#: Fewer packets than this say nothing.
FEWEST_PACKETS = 20


class LineLoss:
    """A receiver report's fraction lost counts holes that we passed on, too, and they are the sender's line.

    So what the receiver misses more than at its report before is compared with the holes that came up since. Both count
    up to what the receiver has seen (RFC 3550 section 6.4.1): what is on its way just now is not lost.
    """

    __slots__ = ("_fraction", "_highest", "_holes", "_lost", "_source")

    def __init__(self) -> None:
        self._fraction: float | None = None
        self._highest = 0
        self._lost = 0
        self._holes = 0
        self._source: int | None = None

    def take(self, report: Report, holes: int, source: int) -> None:
        """`holes`: packets of this source that have not come to us, so far; `source`: another one counts anew."""
        expected = report.highest - self._highest
        if source != self._source or expected < 0:
            self._source = source
        elif expected < FEWEST_PACKETS:
            return
        else:
            lost = report.lost - self._lost - (holes - self._holes)
            self._fraction = min(1.0, max(0.0, lost / expected))
        self._highest, self._lost, self._holes = report.highest, report.lost, holes

    def take_fraction(self) -> float | None:
        """0 to 1, once for each report; None without news."""
        fraction, self._fraction = self._fraction, None
        return fraction
