"""Unwrapping of the counters that RTP sends truncated (RFC 3550 section 5.1)."""

from __future__ import annotations


def unwrap16(last: int, value: int) -> int:
    """The unwrapped number nearest to `last` whose low 16 bits are `value`."""
    delta = (value - last) & 0xFFFF
    return last + delta if delta < 0x8000 else last + delta - 0x10000


def unwrap32(last: int, value: int) -> int:
    """The unwrapped number nearest to `last` whose low 32 bits are `value`."""
    delta = (value - last) & 0xFFFFFFFF
    return last + delta if delta < 0x80000000 else last + delta - 0x100000000
