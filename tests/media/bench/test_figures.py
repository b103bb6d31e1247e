"""Medians, ratios and the plot, from results as the bench measures them."""

from __future__ import annotations

import pytest

from media.bench.figures import COLUMNS, frame_cost, ratios, render, summarise
from media.bench.plot import plot_svg

pytestmark = pytest.mark.unit


def result(relay: str, sessions: int, cpu_percent: float, fps: float = 30.0) -> dict[str, object]:
    rest = {"kbps": 1500, "packets_per_s": 222.5, "p50_ms": None, "p99_ms": None, "rss_mb": 75.0}
    return {"relay": relay, "sessions": sessions, "cpu_percent": cpu_percent, "fps": fps, **rest}


def test_the_summary_of_runs_is_the_median_with_the_least_and_the_most() -> None:
    summary = summarise([result("janus", 1, cpu) for cpu in (2.0, 9.0, 3.0)])
    assert (summary["cpu_percent"], summary["runs"]) == (3.0, 3)
    assert summary["spread"]["cpu_percent"] == [2.0, 9.0]
    assert summary["p50_ms"] is None and "p50_ms" not in summary["spread"]
    assert set(COLUMNS) <= set(summary)


def test_a_relay_that_delivers_half_the_frames_costs_twice_as_much() -> None:
    runs = [[result("yuntakan-forward", 1, 2.0), result("yuntakan", 1, 3.0), result("mediarelay", 1, 20.0, fps=15.0)]]
    assert ratios(runs) == {"yuntakan-forward/mediarelay": 0.05, "yuntakan/mediarelay": 0.075}


def test_a_relay_that_delivers_nothing_has_no_ratio() -> None:
    assert frame_cost(result("janus", 1, 2.0, fps=0.0)) is None
    assert ratios([[result("yuntakan", 1, 3.0), result("janus", 1, 2.0, fps=0.0)]]) == {}


def test_ratios_are_the_median_of_each_runs_own() -> None:
    """The second run is on a machine that became three times as slow."""
    runs = [[result("yuntakan", 1, 3.0 * slow), result("janus", 1, 2.0 * slow)] for slow in (1, 3, 1)]
    assert ratios(runs) == {"yuntakan/janus": 1.5}


def test_more_numbers_of_sessions_give_ratios_of_their_own_and_the_cost_of_a_session() -> None:
    run = [
        result("yuntakan", 1, 3.0),
        result("janus", 1, 2.0),
        result("yuntakan", 20, 30.0),
        result("janus", 20, 20.0),
    ]
    assert ratios([run]) == {
        "yuntakan/janus": 1.5,
        "yuntakan/janus@20": 1.5,
        "yuntakan@20/yuntakan@1": 0.5,
        "janus@20/janus@1": 0.5,
    }


def test_the_table_has_a_line_for_each_result_and_each_ratio() -> None:
    table = render({"results": [result("janus", 1, 2.0)], "ratios": {"yuntakan/janus": 1.5}})
    assert len(table.splitlines()) == 3 and table.endswith("yuntakan/janus: 1.5")
    assert "None" not in table


def test_the_plot_has_a_bar_for_each_result_as_high_as_its_cost_for_one_session() -> None:
    svg = plot_svg([result("yuntakan", 1, 3.0), result("janus", 1, 1.5), result("yuntakan", 5, 15.0)])
    assert svg.startswith("<svg") and svg.count('height="260.0"') == 2 and svg.count('height="130.0"') == 1
    assert "5 sessions" in svg and "1 session<" in svg
