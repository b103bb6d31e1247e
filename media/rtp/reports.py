"""Reception reports towards a sender, and the sender's clock mapped to ours (RFC 3550 sections 6.4 and A.3, A.8)."""

from __future__ import annotations

from media.rtp.loss import FIRST_CYCLE, LossTracker
from media.rtp.rtcp import Report, SenderReport, ntp_from_unix_us, unix_us_from_ntp
from media.rtp.sequence import unwrap32

#: What seems to take longer is no answer to a report of ours.
LONGEST_ROUND_TRIP_S = 10
#: Two quartz clocks drift apart by less than this.
DRIFT_PPM = 200


class ReceptionStats:
    """Jitter and the difference between two reports of one stream."""

    __slots__ = (
        "_clock_rate",
        "_expected_before",
        "_last_sr",
        "_last_sr_us",
        "_received_before",
        "_transit",
        "jitter_16",
    )

    def __init__(self, clock_rate: int) -> None:
        self._clock_rate = clock_rate
        self._transit: int | None = None
        self._expected_before = 0
        self._received_before = 0
        self._last_sr = 0
        self._last_sr_us = 0
        self.jitter_16 = 0

    def arrive(self, timestamp: int, now_us: int) -> None:
        """RFC 3550 A.8, in sixteenths of a timestamp unit."""
        transit = (now_us * self._clock_rate // 1_000_000 - timestamp) & 0xFFFFFFFF
        if self._transit is not None:
            difference = (transit - self._transit) & 0xFFFFFFFF
            if difference >= 0x80000000:
                difference = 0x100000000 - difference
            if difference < self._clock_rate * 10:
                self.jitter_16 += difference - ((self.jitter_16 + 8) >> 4)
        self._transit = transit

    def sender_report(self, report: SenderReport, now_us: int) -> None:
        self._last_sr = report.ntp >> 16 & 0xFFFFFFFF
        self._last_sr_us = now_us

    def report(self, ssrc: int, losses: LossTracker, now_us: int) -> Report:
        """The block for one stream; fraction lost is that since the last call."""
        expected = losses.highest - losses.started_at + 1
        expected_now = expected - self._expected_before
        lost_now = expected_now - (losses.received - self._received_before)
        self._expected_before, self._received_before = expected, losses.received
        fraction = (lost_now << 8) // expected_now if expected_now > 0 and lost_now > 0 else 0
        delay = (now_us - self._last_sr_us) * 65_536 // 1_000_000 if self._last_sr_us else 0
        return Report(
            ssrc,
            min(fraction, 255),
            expected - losses.received,
            losses.highest - FIRST_CYCLE,
            self.jitter_16 >> 4,
            self._last_sr,
            delay,
        )


def round_trip_us(report: Report, wall_us: int) -> int | None:
    """How long our last sender report and the answer to it took on the way (RFC 3550 section 6.4.1), None without."""
    if report.last_sr == 0:
        return None
    units = ((ntp_from_unix_us(wall_us) >> 16) - report.last_sr - report.delay_since_sr) & 0xFFFFFFFF
    return units * 1_000_000 >> 16 if units < LONGEST_ROUND_TRIP_S << 16 else None


class SourceClock:
    """Offset from one sender's NTP clock to ours: the smallest seen, since a report can only come late."""

    __slots__ = ("_offset_us", "_updated_us")

    def __init__(self) -> None:
        self._offset_us: int | None = None
        self._updated_us = 0

    def sample(self, ntp: int, wall_us: int) -> None:
        offset_us = wall_us - unix_us_from_ntp(ntp)
        if self._offset_us is not None:
            drift_us = (wall_us - self._updated_us) * DRIFT_PPM // 1_000_000
            offset_us = min(offset_us, self._offset_us + max(0, drift_us))
        self._offset_us, self._updated_us = offset_us, wall_us

    def to_wall_us(self, ntp: int) -> int:
        return unix_us_from_ntp(ntp) + (self._offset_us or 0)


class StreamClock:
    """Which RTP timestamp a stream has at a time of our clock, by its last sender report."""

    __slots__ = ("_clock_rate", "_ntp", "_rtp", "_source")

    def __init__(self, clock_rate: int, source: SourceClock) -> None:
        self._clock_rate = clock_rate
        self._source = source
        self._ntp = 0
        self._rtp = 0

    @property
    def known(self) -> bool:
        return self._ntp != 0

    def sample(self, report: SenderReport, wall_us: int) -> None:
        self._source.sample(report.ntp, wall_us)
        self._ntp = report.ntp
        self._rtp = unwrap32(self._rtp, report.rtp)

    def rtp_at(self, wall_us: int) -> int:
        """32-bit timestamp, as the source counts."""
        elapsed_us = wall_us - self._source.to_wall_us(self._ntp)
        return (self._rtp + elapsed_us * self._clock_rate // 1_000_000) & 0xFFFFFFFF
