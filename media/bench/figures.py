"""Arithmetic of the relay bench: runs to medians, medians to ratios. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

OURS = ("yuntakan-forward", "yuntakan")
COLUMNS = ("relay", "sessions", "cpu_percent", "fps", "kbps", "packets_per_s", "p50_ms", "p99_ms", "rss_mb")
MEASURED = COLUMNS[2:]

Result = dict[str, Any]


def summarise(runs: Sequence[Result]) -> Result:
    """The median of each figure over runs of one relay with one number of sessions, and `spread`: least and most."""
    summary: Result = {"relay": runs[0]["relay"], "sessions": runs[0]["sessions"]}
    spread: dict[str, list[float]] = {}
    for name in MEASURED:
        values = [run[name] for run in runs if run[name] is not None]
        summary[name] = round(median(values), 3) if values else None
        if values:
            spread[name] = [min(values), max(values)]
    return {**summary, "runs": len(runs), "spread": spread}


def ratios(runs: Sequence[Sequence[Result]]) -> dict[str, float]:
    """Each run's results in, the median of the runs' own ratios out: what drifts between runs drops out.

    `ours/other`: CPU for one delivered frame (a relay that cannot keep up is not cheap), with the first number of
    sessions; `ours/other@N` with N. `ours@N/ours@M`: CPU per session with N against with the first number, M.
    """
    found: dict[str, list[float]] = {}
    for run in runs:
        for name, value in _run_ratios(run):
            found.setdefault(name, []).append(value)
    return {name: round(median(values), 4) for name, values in found.items()}


def _run_ratios(run: Sequence[Result]) -> Iterable[tuple[str, float]]:
    costs = {(r["relay"], r["sessions"]): cost for r in run if (cost := frame_cost(r)) is not None}
    counts = list(dict.fromkeys(r["sessions"] for r in run))
    for count in counts:
        suffix = "" if count == counts[0] else f"@{count}"
        for ours in OURS:
            for other, other_count in costs:
                if other not in OURS and other_count == count and (ours, count) in costs:
                    yield f"{ours}/{other}{suffix}", costs[ours, count] / costs[other, count]
    for count in counts[1:]:
        for name in dict.fromkeys(r["relay"] for r in run):
            if (name, count) in costs and (name, counts[0]) in costs:
                yield f"{name}@{count}/{name}@{counts[0]}", costs[name, count] / costs[name, counts[0]]


def frame_cost(result: Result) -> float | None:
    """Percent of a core for one frame a second delivered, None where none was."""
    frames = result["fps"] * result["sessions"]
    return result["cpu_percent"] / frames if frames else None


def render(report: dict[str, Any]) -> str:
    """As a table for people."""
    rows = [COLUMNS, *([_cell(result[column]) for column in COLUMNS] for result in report["results"])]
    widths = [max(len(row[index]) for row in rows) for index in range(len(COLUMNS))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines + [f"{name}: {ratio}" for name, ratio in report["ratios"].items()])


def _cell(value: object) -> str:
    return "" if value is None else str(value)
