"""The exchange that shows how far a phone's clock is off."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from signaling.phone_clock import ROUNDS, ClockExchange

pytestmark = pytest.mark.unit

START_MS = 1_770_000_000_000.0


@dataclass
class Line:
    """A phone whose clock is ahead by `ahead_ms`, on a line with these one-way delays there and back."""

    exchange: ClockExchange
    ahead_ms: float
    now_s: float = 100.0

    def unix_ms(self) -> float:
        return START_MS + self.now_s * 1000

    def measure(self, delays_ms: list[tuple[float, float]]) -> int:
        """Rounds until the exchange wants no more."""
        for rounds, (down_ms, up_ms) in enumerate(delays_ms, 1):
            self.now_s += down_ms / 1000
            phone_ms = round(self.unix_ms() + self.ahead_ms)
            self.now_s += up_ms / 1000
            self.exchange.take(phone_ms, self.now_s, self.unix_ms())
            self.exchange.answered(self.now_s, self.unix_ms())
            if not self.exchange.goes_on:
                return rounds
        raise AssertionError("it goes on for ever")


def test_the_shortest_exchange_counts() -> None:
    line = Line(ClockExchange(), ahead_ms=61_500)
    assert line.measure([(0, 20), (300, 20), (30, 30), (20, 400), (90, 90)]) == ROUNDS
    found = line.exchange.news
    assert found is not None and (found.offset_ms, found.round_trip_ms) == (61_500, 60)


def test_the_error_is_at_most_half_of_the_exchange() -> None:
    line = Line(ClockExchange(), ahead_ms=-5000)
    line.measure([(0, 0), *[(200, 0)] * 4])
    found = line.exchange.news
    assert found is not None and abs(found.offset_ms + 5000) <= found.round_trip_ms / 2


def test_what_is_on_record_is_not_said_again_unless_the_clock_was_set() -> None:
    exchange = ClockExchange()
    Line(exchange, ahead_ms=2000).measure([(10, 10)] * ROUNDS)
    assert exchange.news is not None
    exchange.on_record = exchange.news.offset_ms
    Line(exchange, ahead_ms=2400, now_s=200).measure([(10, 10)] * ROUNDS)
    assert exchange.news is None
    Line(exchange, ahead_ms=9000, now_s=300).measure([(10, 10)] * ROUNDS)
    assert exchange.news is not None and exchange.news.offset_ms == 9000


def test_a_line_that_only_crawls_shows_nothing() -> None:
    line = Line(ClockExchange(), ahead_ms=0)
    line.measure([(6000, 0)] * ROUNDS)
    assert line.exchange.news is None
