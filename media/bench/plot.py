"""The bench's plot: CPU for one session by the number of sessions, one bar for each relay, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from media.bench.figures import Result

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 360, 60, 50, 50
COLOURS = {"yuntakan-forward": "#1f6feb", "yuntakan": "#0b3d91", "janus": "#c2570c", "mediarelay": "#8a8f98"}


def plot_svg(results: Sequence[Result]) -> str:
    """Linear from zero; each bar has its figure."""
    groups = list(dict.fromkeys(result["sessions"] for result in results))
    names = list(dict.fromkeys(result["relay"] for result in results))
    costs = {(r["relay"], r["sessions"]): r["cpu_percent"] / r["sessions"] for r in results}
    top = max(costs.values(), default=0.0) or 1.0
    parts = [_text(LEFT, 22, "CPU for one session, percent of a core", "start", 15)]
    group_width = (WIDTH - LEFT - 20) / max(1, len(groups))
    for at, count in enumerate(groups):
        left = LEFT + at * group_width
        parts += _group(left, group_width, [(name, costs.get((name, count))) for name in names], top)
        parts.append(_text(left + group_width / 2, HEIGHT - 28, f"{count} session{'s' * (count > 1)}", "middle", 13))
    for at, name in enumerate(names):
        parts += _legend(LEFT + at * 160, name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _group(left: float, width: float, bars: list[tuple[str, float | None]], top: float) -> list[str]:
    parts = []
    bar_width = width * 0.8 / len(bars)
    for at, (name, cost) in enumerate(bars):
        if cost is None:
            continue
        height = (HEIGHT - TOP - BOTTOM) * cost / top
        x, y = left + width * 0.1 + at * bar_width, HEIGHT - BOTTOM - height
        parts.append(_box(x, y, bar_width * 0.9, height, name))
        parts.append(_text(x + bar_width * 0.45, y - 4, f"{cost:.2f}", "middle", 12))
    return parts


def _legend(x: float, name: str) -> list[str]:
    y = HEIGHT - 10
    return [
        _box(x, y - 9, 10, 10, name),
        _text(x + 15, y, name, "start", 12),
    ]


def _box(x: float, y: float, width: float, height: float, name: str) -> str:
    colour = COLOURS.get(name, "#555")
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, anchor: str, size: int) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{text}</text>'
