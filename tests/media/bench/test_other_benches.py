"""Marks in pictures, growth of memory, load of a core; and the small runs of soak, joins and transit."""

from __future__ import annotations

import argparse

import pytest

from media.bench import latency_bench, soak_bench, transit_bench
from media.bench.marks import BLOCKS, WHEEL_MS, delays_ms, mark_bits, read_mark
from media.bench.material import Material


def picture(at_ms: int, white: int = 220, black: int = 30) -> list[int]:
    """Blocks of a mark as a viewer sees them: neither white nor black is pure."""
    return [white if bit else black for bit in mark_bits(at_ms)]


@pytest.mark.unit
@pytest.mark.parametrize("at_ms", [0, 1, 0xABCDEF, WHEEL_MS - 1])
def test_a_mark_is_read_as_it_was_drawn(at_ms: int) -> None:
    assert len(mark_bits(at_ms)) == BLOCKS
    assert read_mark(picture(at_ms)) == at_ms


@pytest.mark.unit
def test_a_mark_with_a_wrong_block_or_without_contrast_is_none() -> None:
    for wrong in range(2, BLOCKS):
        blocks = picture(0x123456)
        blocks[wrong] = 250 - blocks[wrong]
        assert read_mark(blocks) is None
    assert read_mark(picture(5, white=120, black=100)) is None
    assert read_mark([0] * BLOCKS) is None


@pytest.mark.unit
def test_each_picture_counts_once_with_its_age_also_over_the_wheel() -> None:
    begins = 7 * WHEEL_MS - 20
    seen = [
        (begins + 35.5, picture(begins)),
        (begins + 52.0, picture(begins)),
        (begins + 80.0, [0] * BLOCKS),
        (begins + 90.0, picture(begins + 33)),
    ]
    assert delays_ms(seen) == [35.5, 57.0]


@pytest.mark.unit
def test_the_ratio_is_the_median_of_the_rounds_own() -> None:
    rounds = [{"direct": [50.0 * slow] * 20, "relay": [55.0 * slow] * 20} for slow in (1, 4, 1)]
    summary = latency_bench.summarise(rounds)
    assert summary["ratios"] == {"p50_ms": 1.1, "p95_ms": 1.1}
    assert summary["direct"] == {"p50_ms": 50.0, "p95_ms": 50.0, "frames": 20.0}
    turns = ["relay" if latency_bench._is_relays_turn(index) else "direct" for index in range(8)]
    assert turns[:4] == ["direct", "relay", "relay", "direct"] and turns.count("relay") == 4
    with pytest.raises(ValueError, match="no time mark"):
        latency_bench.summarise([{"direct": [], "relay": [1.0]}])


@pytest.mark.unit
def test_growth_is_that_of_a_straight_line_after_the_beginning() -> None:
    steep_then_flat = [(at, 50.0 + min(at, 100.0)) for at in range(0, 1000, 10)]
    assert soak_bench.growth_percent(steep_then_flat, from_s=100) == 0
    assert soak_bench.growth_percent([(at, 100 + at / 100) for at in range(0, 1001)], from_s=0) == 10.0
    noisy = [(at, 100.0 + (1 if at % 20 else -1)) for at in range(0, 1000, 10)]
    assert abs(soak_bench.growth_percent(noisy, from_s=0)) < 0.5


@pytest.mark.unit
def test_sessions_are_added_by_proportion_and_in_small_leaps() -> None:
    assert transit_bench.more_sessions(10, 70.1, 70) == 0
    assert transit_bench.more_sessions(10, 60.0, 70) == 2
    assert transit_bench.more_sessions(10, 69.99, 70) == 1
    assert transit_bench.more_sessions(1, 2.0, 70) == transit_bench.MOST_MORE


@pytest.mark.unit
def test_wrong_arguments_are_refused() -> None:
    for add, run, wrong in (
        (transit_bench.add_arguments, transit_bench.run, ["--load", "100"]),
        (soak_bench.add_soak_arguments, soak_bench.soak, ["--minutes", "0"]),
        (soak_bench.add_joins_arguments, soak_bench.joins, ["--joins", "0"]),
        (latency_bench.add_arguments, latency_bench.run, ["--rounds", "0"]),
    ):
        parser = argparse.ArgumentParser()
        add(parser)
        assert run(parser.parse_args(wrong)) == 2


async def test_who_comes_and_goes_leaves_nothing_behind(material: Material) -> None:
    report = await soak_bench.run_joins(material, 30)
    assert report["returned"], report


async def test_memory_and_transit_are_measured_on_a_real_relay(material: Material) -> None:
    soak = await soak_bench.run_soak(material, sessions=1, minutes=0.05)
    assert soak["idle_mb"] < soak["rss_mb"] and soak["session_mb"] < 15
    transit = await transit_bench.run_transit_bench(material, load_percent=0.5, viewers=2, seconds=1.5)
    assert transit["fps"] > 10 and transit["packets"] > 100
    assert 0 < transit["p50_ms"] <= transit["p99_ms"]


@pytest.mark.bench
@pytest.mark.timeout(180)
async def test_the_relay_adds_little_to_picture_to_picture() -> None:
    reason = latency_bench.why_not()
    if reason is not None:
        pytest.skip(reason)
    report = await latency_bench.run_latency_bench(rounds=1, seconds=5.0)
    print(report)
    assert report["direct"]["frames"] > 50 and report["relay"]["frames"] > 50
