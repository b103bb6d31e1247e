"""What a receiver's own line loses of a stream, apart from what never came to us."""

from __future__ import annotations

from media.rtp.rtcp import Report

#: Fewer packets than this say nothing: some are on their way while the report is written.
FEWEST_PACKETS = 20


class LineLoss:
    """A receiver report's fraction lost counts holes that we passed on, too, and they are the sender's line. What the
    receiver got by its report is compared with what was sent since the one before (RFC 3550 section 6.4.1).
    """

    __slots__ = ("_received", "_sent", "fraction")

    def __init__(self) -> None:
        self.fraction = 0.0
        self._received = 0
        self._sent: int | None = None

    def take(self, report: Report, sent_packets: int) -> None:
        """`sent_packets`: of this stream so far, without retransmissions."""
        received = report.highest - report.lost
        if self._sent is None or received < self._received:
            self._received, self._sent = received, sent_packets
            return
        sent = sent_packets - self._sent
        if sent < FEWEST_PACKETS:
            return
        self.fraction = max(0.0, 1 - (received - self._received) / sent)
        self._received, self._sent = received, sent_packets
