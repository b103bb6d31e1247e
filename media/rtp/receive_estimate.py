"""What a sender without transport-wide feedback is told by REMB that its line carries: from loss and from what arrives.

Additive-increase, multiplicative-decrease as in the loss-based part of draft-ietf-rmcat-gcc section 6: without arrival
times on the sender's clock, loss and the rate that gets through are all that is known honestly.
"""

from __future__ import annotations

SMALLEST_BITS_PER_S, FIRST_BITS_PER_S, LARGEST_BITS_PER_S = 150_000, 1_500_000, 2_500_000
#: Shares of packets lost: up to the first the estimate grows, from the second on it falls.
GROWS_BELOW, FALLS_ABOVE = 0.02, 0.10
GROWTH = 1.08
#: An estimate far above what arrives was never tried; it does not grow from there.
UNTRIED = 1.5
#: After a fall the line needs this long to show what that did.
WAIT_US = 1_000_000


class ReceiveEstimate:
    """`update` about once a second; `bits_per_s` is what to tell the sender."""

    __slots__ = ("_fell_us", "bits_per_s")

    def __init__(self) -> None:
        self.bits_per_s = FIRST_BITS_PER_S
        self._fell_us: int | None = None

    def update(self, now_us: int, received_bits_per_s: int, fraction_lost: float) -> int:
        """The new estimate. fraction_lost: 0 to 1 of the packets since the last update, before any repair."""
        if fraction_lost > FALLS_ABOVE:
            self._fall(now_us, received_bits_per_s, fraction_lost)
        elif fraction_lost < GROWS_BELOW and self.bits_per_s < UNTRIED * received_bits_per_s:
            self.bits_per_s = min(int(self.bits_per_s * GROWTH), LARGEST_BITS_PER_S)
        return self.bits_per_s

    def _fall(self, now_us: int, received_bits_per_s: int, fraction_lost: float) -> None:
        """By half of what was lost, from what was really used: an estimate that nobody fills would fall in vain."""
        if self._fell_us is not None and now_us - self._fell_us < WAIT_US:
            return
        self._fell_us = now_us
        sent_bits_per_s = received_bits_per_s / max(0.05, 1 - fraction_lost)
        used = min(self.bits_per_s, sent_bits_per_s)
        self.bits_per_s = max(SMALLEST_BITS_PER_S, int(used * (1 - fraction_lost / 2)))
