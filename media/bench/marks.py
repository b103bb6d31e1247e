"""Time marks in pictures: 30 blocks of black and white along the upper edge. Drawn by `latency_page.js`, read here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

VALUE_BITS, CHECK_BITS, NIBBLE = 24, 4, 15
BLOCKS = 2 + VALUE_BITS + CHECK_BITS
#: Marks count milliseconds modulo this.
WHEEL_MS = 1 << VALUE_BITS
#: White and black of a picture that can be read at all are further apart than this.
MIN_CONTRAST = 80
#: Older than this is a misread mark, or a picture from before the measurement.
MAX_DELAY_MS = 10_000


def mark_bits(at_ms: int) -> list[int]:
    """One white and one black block, 24 bits of the time, 4 bits of checksum; the highest first."""
    value = at_ms % WHEEL_MS
    check = 0
    for shift in range(0, VALUE_BITS, CHECK_BITS):
        check ^= value >> shift & NIBBLE
    coded = value << CHECK_BITS | check
    return [1, 0, *(coded >> shift & 1 for shift in range(VALUE_BITS + CHECK_BITS - 1, -1, -1))]


def read_mark(brightness: Sequence[int]) -> int | None:
    """The milliseconds that the blocks (0 to 255 each) say, None where they are no mark."""
    white, black = brightness[0], brightness[1]
    if len(brightness) != BLOCKS or white - black < MIN_CONTRAST:
        return None
    middle = (white + black) / 2
    coded = 0
    for block in brightness[2:]:
        coded = coded << 1 | (block > middle)
    value = coded >> CHECK_BITS
    return value if mark_bits(value)[2:] == [int(block > middle) for block in brightness[2:]] else None


def delays_ms(seen: Iterable[tuple[float, Sequence[int]]]) -> list[float]:
    """From (unix ms at the viewer, blocks): how old each picture was when it was first shown."""
    delays: list[float] = []
    last = None
    for shown_ms, brightness in seen:
        mark = read_mark(brightness)
        if mark is None or mark == last:
            continue
        last = mark
        delay = (shown_ms - mark) % WHEEL_MS
        if delay < MAX_DELAY_MS:
            delays.append(delay)
    return delays
