"""A phone, its losing line and the relay's loss tracker in simulated time: when each packet comes to be there."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from media.rtp.loss import DUPLICATE, LossTracker

FRAME_US, PACKETS, PACING_US, VOICE_US = 66_667, 5, 4_000, 20_000
TICK_US = 25_000


@dataclass
class Outcome:
    """Lateness of each packet against its own sending plus the line's delay, in µs; what was asked and sent for it."""

    late_us: list[int] = field(default_factory=list)
    lost_for_good: int = 0
    resent: int = 0
    refused: int = 0
    asked: int = 0


class Model:
    """`loses` decides for each packet on its way up. The way down, of requests, loses nothing."""

    def __init__(self, round_trip_us: int, loses: Callable[[], bool], jitter_us: int, seed: int, tails: bool) -> None:
        self.outcome = Outcome()
        self._one_way_us = round_trip_us // 2
        self._round_trip_us = round_trip_us
        self._loses = loses
        self._chance = random.Random(seed)
        self._jitter_us = jitter_us
        self._tails = tails
        self._losses = LossTracker(has_rtx=True)
        self._sent_us: dict[int, int] = {}
        self._resent_us: dict[int, int] = {}
        self._events: list[tuple[int, int, Callable[[int], None]]] = []
        self._serial = 0
        self._skipped = 0

    def run(self, seconds: float) -> Outcome:
        end_us = round(seconds * 1_000_000)
        for number in range(end_us // FRAME_US * PACKETS):
            frame, place = divmod(number, PACKETS)
            self._at(frame * FRAME_US + place * PACING_US, partial(self._send, number))
        for number in range(end_us // VOICE_US):
            self._at(number * VOICE_US + 7_000, self._send_voice)
        for number in range(end_us // TICK_US):
            self._at(number * TICK_US, self._tick)
        while self._events:
            at_us, _, act = heapq.heappop(self._events)
            act(at_us)
        self.outcome.lost_for_good = self._losses.lost
        return self.outcome

    def _at(self, at_us: int, act: Callable[[int], None]) -> None:
        self._serial += 1
        heapq.heappush(self._events, (at_us, self._serial, act))

    def _arrival(self, now_us: int) -> int:
        return now_us + self._one_way_us + self._chance.randrange(self._jitter_us + 1)

    def _send(self, number: int, now_us: int) -> None:
        self._sent_us[number] = now_us
        if self._loses():
            self._at(self._arrival(now_us), self._skip)
        else:
            self._at(self._arrival(now_us), partial(self._take, number))

    def _skip(self, now_us: int) -> None:
        """A number of the transport that the next packet shows to be missing."""
        self._skipped += 1

    def _send_voice(self, now_us: int) -> None:
        if not self._loses():
            self._at(self._arrival(now_us), self._hear)

    def _hear(self, now_us: int) -> None:
        if self._tails and self._skipped:
            sequence = self._losses.suspect(now_us)
            if sequence is not None:
                self._ask([sequence], now_us)
        self._skipped = 0

    def _take(self, number: int, now_us: int) -> None:
        self._skipped = 0
        if self._losses.receive(number & 0xFFFF, now_us) != DUPLICATE:
            self.outcome.late_us.append(now_us - self._sent_us[number] - self._one_way_us)
        self._tick(now_us)

    def _tick(self, now_us: int) -> None:
        if now_us >= self._losses.ask_us:
            self._ask(self._losses.asks_due(now_us), now_us)

    def _ask(self, sequences: list[int], now_us: int) -> None:
        self.outcome.asked += len(sequences)
        for sequence in sequences:
            self._at(now_us + self._one_way_us, partial(self._answer, sequence))

    def _answer(self, sequence: int, now_us: int) -> None:
        """As browsers: not what was never sent, nor what was sent again within the round trip."""
        newest = len(self._sent_us) - 1
        number = newest - ((newest - sequence) & 0xFFFF)
        if number < 0 or number not in self._sent_us:
            return
        if now_us - self._resent_us.get(number, -1_000_000) < self._round_trip_us:
            self.outcome.refused += 1
            return
        self._resent_us[number] = now_us
        self.outcome.resent += 1
        if not self._loses():
            self._at(self._arrival(now_us), partial(self._take_resent, number))

    def _take_resent(self, number: int, now_us: int) -> None:
        self._losses.resent(number & 0xFFFF, now_us)
        self._take(number, now_us)
