"""What one sender is told of its line by REMB, once a second, where it asked for no transport-wide feedback."""

from __future__ import annotations

from collections.abc import Iterable

from media.rtp.receive_estimate import ReceiveEstimate
from media.up_track import UpTrack

#: IP, UDP, SRTP and RTP around each payload that a line carries too.
PACKET_OVERHEAD_BYTES = 50


class UpRate:
    """Measures between two calls of `update`: all tracks share one line."""

    __slots__ = ("_before", "_estimate", "_since_us")

    def __init__(self) -> None:
        self._estimate = ReceiveEstimate()
        self._since_us: int | None = None
        self._before = (0, 0, 0)

    def update(self, now_us: int, tracks: Iterable[UpTrack]) -> int:
        """Bits a second. Loss counts before repair: what had to be asked for again did not fit, or was in the way."""
        counts = _count(tracks)
        grown = [now - before for now, before in zip(counts, self._before, strict=True)]
        since_us, self._since_us, self._before = self._since_us, now_us, counts
        octets, packets, missed = grown
        if since_us is None or now_us <= since_us or packets <= 0 or min(grown) < 0:
            return self._estimate.bits_per_s
        fraction_lost = min(1.0, missed / (packets + missed))
        return self._estimate.update(now_us, octets * 8_000_000 // (now_us - since_us), fraction_lost)


def _count(tracks: Iterable[UpTrack]) -> tuple[int, int, int]:
    """(bytes on the line, packets that came by themselves, packets that did not)."""
    octets = packets = missed = 0
    for track in tracks:
        octets += track.bytes + track.packets * PACKET_OVERHEAD_BYTES
        packets += track.packets - track.losses.repaired
        missed += track.losses.repaired + track.losses.lost
    return octets, packets, missed
