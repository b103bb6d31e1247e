"""How much one viewer is sent, by what it says of its line. Pure: reports in, a rung out; times are monotonic µs.

A browser's REMB falls below what arrives as soon as its line is overused, and never grows beyond 1.5 times of what
arrives. So a rung that fits is no proof that the next one does: going up is a try, and each try that fails makes the
wait for the next one longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Rung(IntEnum):
    """From everything to the least. FEWER leaves out the highest temporal layer, FEW all but the base layer."""

    FULL = 0
    FEWER = 1
    FEW = 2
    SMALL = 3


RUNGS = {
    1: (Rung.FULL, Rung.SMALL),
    2: (Rung.FULL, Rung.FEW, Rung.SMALL),
    3: (Rung.FULL, Rung.FEWER, Rung.FEW, Rung.SMALL),
}
#: Shares of the rate that WebRTC's encoders give to the layers up to each.
SHARES = {1: {Rung.FULL: 1.0}, 2: {Rung.FULL: 1.0, Rung.FEW: 0.6}, 3: {Rung.FULL: 1.0, Rung.FEWER: 0.6, Rung.FEW: 0.4}}
SECOND_US = 1_000_000
WEAK_LOSS, SEVERE_LOSS, GOOD_LOSS = 0.10, 0.25, 0.03
#: REMB below this share of what is sent says that the line carries less, if it complains. One false alarm of a
#: browser's estimator lowers it to 0.85 of what arrives.
WEAK_SHARE, SEVERE_SHARE = 0.75, 0.5
#: It complains when it has fallen lately, or does not rise: it begins low and grows by 8 % a second where it may.
FALLING, RISING = 0.97, 1.02
FELL_FOR_US, STUCK_AFTER_US = 5 * SECOND_US, 4 * SECOND_US
#: REMB this far above what is sent is as high as it gets by itself.
ROOM = 1.25
#: So long after a change the reports still speak of what was before.
SETTLE_US = 2 * SECOND_US
WEAK_FOR_US = 1 * SECOND_US
#: A try counts as failed until here, and as proven from here on.
TRIAL_US, PROVEN_US = 8 * SECOND_US, 20 * SECOND_US
FIRST_HOLD_US, LONGEST_HOLD_US = 5 * SECOND_US, 60 * SECOND_US
VOICE_BITS_PER_S = 50_000
SMALLEST_BITS_PER_S, LARGEST_SMALL_BITS_PER_S, USUAL_SMALL_BITS_PER_S = 100_000, 250_000, 150_000


@dataclass(frozen=True, slots=True)
class LineReport:
    """What is known of a viewer's line. allowed_bits_per_s: its last REMB, 0 where it sends none.

    fraction_lost: 0 to 1, None without news. sent_bits_per_s: to it, over the last seconds. layers: temporal layers of
    what it watches, 1 to 3.
    """

    now_us: int
    allowed_bits_per_s: int
    fraction_lost: float | None
    sent_bits_per_s: int
    layers: int


class Ladder:
    """One viewer's place. Call `observe` about once a second."""

    def __init__(self) -> None:
        self.rung = Rung.FULL
        self._allowed_before = 0
        self._fell_us: int | None = None
        self._rose_us = 0
        self._full_bits_per_s = 0.0
        self._weak_since_us: int | None = None
        self._good_since_us: int | None = None
        self._changed_us: int | None = None
        self._tried_us: int | None = None
        self._hold_us = FIRST_HOLD_US

    @property
    def small_bits_per_s(self) -> int:
        """What a small copy may take: what is allowed, less the voice and some room."""
        if not self._allowed_before:
            return USUAL_SMALL_BITS_PER_S
        room = self._allowed_before * 3 // 4 - VOICE_BITS_PER_S
        return max(SMALLEST_BITS_PER_S, min(LARGEST_SMALL_BITS_PER_S, room))

    def observe(self, report: LineReport) -> Rung:
        """The rung from now on."""
        self._fit_to(report.layers)
        self._note_allowed(report)
        self._note_full(report)
        if self._changed_us is not None and report.now_us - self._changed_us < SETTLE_US:
            return self.rung
        share = report.allowed_bits_per_s / max(1, report.sent_bits_per_s) if report.allowed_bits_per_s else None
        if self._is_weak(report, share):
            self._good_since_us = None
            self._consider_down(report, share)
        elif report.fraction_lost is not None:
            self._weak_since_us = None
            self._consider_up(report, report.fraction_lost)
        return self.rung

    def _fit_to(self, layers: int) -> None:
        """Another stream may have fewer layers: then the next rung down that it has."""
        rungs = RUNGS[layers]
        if self.rung not in rungs:
            self.rung = next(rung for rung in rungs if rung >= self.rung)

    def _note_full(self, report: LineReport) -> None:
        share = SHARES[report.layers].get(self.rung)
        if share is not None:
            self._full_bits_per_s = max(0, report.sent_bits_per_s - VOICE_BITS_PER_S) / share

    def _note_allowed(self, report: LineReport) -> None:
        before, self._allowed_before = self._allowed_before, report.allowed_bits_per_s
        if not before or report.allowed_bits_per_s > RISING * before:
            self._rose_us = report.now_us
        elif report.allowed_bits_per_s < FALLING * before:
            self._fell_us = report.now_us

    def _is_weak(self, report: LineReport, share: float | None) -> bool:
        lacks = share is not None and share < WEAK_SHARE
        loss = report.fraction_lost or 0.0
        if loss >= WEAK_LOSS:
            return self.rung < RUNGS[report.layers][-2] or loss >= SEVERE_LOSS or lacks
        fell = self._fell_us is not None and report.now_us - self._fell_us < FELL_FOR_US
        return lacks and (fell or report.now_us - self._rose_us >= STUCK_AFTER_US)

    def _consider_down(self, report: LineReport, share: float | None) -> None:
        if self._weak_since_us is None:
            self._weak_since_us = report.now_us
        severe = (report.fraction_lost or 0.0) >= SEVERE_LOSS or (share is not None and share < SEVERE_SHARE)
        failed = self._tried_us is not None and report.now_us - self._tried_us < TRIAL_US
        if failed:
            self._hold_us = min(2 * self._hold_us, LONGEST_HOLD_US)
        if severe or failed or report.now_us - self._weak_since_us >= WEAK_FOR_US:
            self._change(self._fitting(report), report.now_us)
            self._tried_us = None

    def _fitting(self, report: LineReport) -> Rung:
        """The next rung down, or further down where what is allowed is known."""
        below = [rung for rung in RUNGS[report.layers] if rung > self.rung]
        if not below:
            return self.rung
        if not report.allowed_bits_per_s:
            return below[0]
        room = report.allowed_bits_per_s - VOICE_BITS_PER_S
        shares = SHARES[report.layers]
        if report.allowed_bits_per_s >= report.sent_bits_per_s:
            return below[0]
        return next((rung for rung in below if shares.get(rung, 0) * self._full_bits_per_s <= room), below[-1])

    def _consider_up(self, report: LineReport, loss: float) -> None:
        if self._tried_us is not None and report.now_us - self._tried_us >= PROVEN_US:
            self._tried_us, self._hold_us = None, FIRST_HOLD_US
        above = [rung for rung in RUNGS[report.layers] if rung < self.rung]
        if not above or loss > GOOD_LOSS or not self._has_room(report):
            self._good_since_us = None
            return
        if self._good_since_us is None:
            self._good_since_us = report.now_us
        if report.now_us - self._good_since_us >= self._hold_for(report):
            self._change(above[-1], report.now_us)
            self._tried_us = report.now_us

    def _has_room(self, report: LineReport) -> bool:
        allowed = report.allowed_bits_per_s
        return not allowed or allowed >= ROOM * report.sent_bits_per_s

    def _hold_for(self, report: LineReport) -> int:
        """From the small picture it is a leap: dared seldom on a line on which that has not grown to its largest."""
        largest = LARGEST_SMALL_BITS_PER_S + VOICE_BITS_PER_S
        unproven = 0 < report.allowed_bits_per_s < ROOM * largest
        return LONGEST_HOLD_US if self.rung is Rung.SMALL and unproven else self._hold_us

    def _change(self, rung: Rung, now_us: int) -> None:
        self._weak_since_us = self._good_since_us = None
        if rung != self.rung:
            self.rung, self._changed_us = rung, now_us
