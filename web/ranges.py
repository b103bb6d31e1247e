"""Port ranges as people write them."""

from __future__ import annotations

HIGHEST_PORT = 65535


def parse_ports(text: str) -> tuple[int, int]:
    """`40000-40199` as (40000, 40199). Raises ValueError."""
    first, _, last = text.partition("-")
    if not (first.strip().isdecimal() and last.strip().isdecimal()):
        raise ValueError("write a range as 40000-40199")
    low, high = int(first), int(last)
    if not 1024 <= low <= high <= HIGHEST_PORT:
        raise ValueError("a range from 1024 to 65535, the lower port first")
    return low, high
