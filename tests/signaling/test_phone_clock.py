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
    found = line.exchange.take_news(line.now_s)
    assert found is not None and (found.offset_ms, found.round_trip_ms) == (61_500, 60)


def test_the_error_is_at_most_half_of_the_exchange() -> None:
    line = Line(ClockExchange(), ahead_ms=-5000)
    line.measure([(0, 0), *[(200, 0)] * 4])
    found = line.exchange.take_news(line.now_s)
    assert found is not None and abs(found.offset_ms + 5000) <= found.round_trip_ms / 2


def offset_at(exchange: ClockExchange, ahead_ms: float, now_s: float) -> int | None:
    """What a whole exchange then puts on record."""
    Line(exchange, ahead_ms, now_s).measure([(10, 10)] * ROUNDS)
    news = exchange.take_news(now_s)
    return None if news is None else news.offset_ms


def test_what_is_on_record_is_not_said_again_unless_the_clock_was_set() -> None:
    exchange = ClockExchange()
    assert offset_at(exchange, 2000, 100) == 2000
    assert offset_at(exchange, 2400, 200) is None
    assert offset_at(exchange, 9000, 300) == 9000


def test_a_clock_that_is_set_all_the_time_gets_one_entry_a_minute() -> None:
    exchange = ClockExchange()
    said = [offset_at(exchange, 2000 * n, 100 + n) for n in range(1, 181)]
    assert [offset for offset in said if offset is not None] == [2000, 122_000, 242_000]


def test_a_line_that_only_crawls_shows_nothing() -> None:
    line = Line(ClockExchange(), ahead_ms=0)
    line.measure([(6000, 0)] * ROUNDS)
    assert line.exchange.take_news(line.now_s) is None
