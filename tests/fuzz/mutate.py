"""Seeded mutations of bytes and text: the same seed gives the same cases."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

INTERESTING = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 191, 192, 223, 224, 240, 254, 255)
MAX_BYTES = 1600


class Mutator:
    """One to four changes of a seed out of a family of seeds."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._changes: tuple[Callable[[bytearray, Sequence[bytes]], None], ...] = (
            self._flip,
            self._set,
            self._set_word,
            self._cut,
            self._grow,
            self._repeat,
            self._remove,
            self._splice,
        )

    def mutate(self, seeds: Sequence[bytes], keep: int = 0) -> bytes:
        """A changed seed; its first `keep` bytes stay as they are."""
        seed = self._chance.choice(seeds)
        body = bytearray(seed[keep:])
        for _ in range(self._chance.randrange(1, 5)):
            self._chance.choice(self._changes)(body, seeds)
        return seed[:keep] + bytes(body[:MAX_BYTES])

    def text(self, seeds: Sequence[str]) -> str:
        """Lines changed, doubled, moved, cut, or taken from another seed."""
        chance = self._chance
        lines = chance.choice(seeds).split("\r\n")
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(lines))
            action = chance.randrange(7)
            if action == 0:
                lines[at] = self.mutate([lines[at].encode()]).decode("latin-1")
            elif action == 1:
                del lines[at]
                lines = lines or [""]
            elif action == 2:
                lines[at:at] = [lines[at]] * chance.choice((1, 2, 50, 1000))
            elif action == 3:
                lines[at], lines[0] = lines[0], lines[at]
            elif action == 4:
                lines[at] = chance.choice(chance.choice(seeds).split("\r\n"))
            elif action == 5:
                name, mark, _ = lines[at].partition(":")
                value = chance.choice(("", "-1", "99999999999999999999", "\x00", "x" * 300, "٣", "a b c d e f g h"))
                lines[at] = name + mark + value
            else:
                del lines[at:]
                lines = lines or [""]
        return "\r\n".join(lines)

    def _at(self, body: bytearray) -> int:
        return self._chance.randrange(len(body)) if body else 0

    def _flip(self, body: bytearray, _: Sequence[bytes]) -> None:
        if body:
            body[self._at(body)] ^= 1 << self._chance.randrange(8)

    def _set(self, body: bytearray, _: Sequence[bytes]) -> None:
        if body:
            body[self._at(body)] = self._chance.choice(INTERESTING)

    def _set_word(self, body: bytearray, _: Sequence[bytes]) -> None:
        """Where a length or a count may stand."""
        at = self._at(body) & ~1
        body[at : at + 2] = self._chance.choice((0, 1, 2, 255, 256, 0x7FFF, 0x8000, 0xFFFF)).to_bytes(2, "big")

    def _cut(self, body: bytearray, _: Sequence[bytes]) -> None:
        del body[self._at(body) :]

    def _grow(self, body: bytearray, _: Sequence[bytes]) -> None:
        body += self._chance.randbytes(self._chance.choice((1, 3, 4, 20, 200)))

    def _repeat(self, body: bytearray, _: Sequence[bytes]) -> None:
        at = self._at(body)
        part = bytes(body[at : at + 8])
        body[at:at] = part * self._chance.choice((1, 2, 30))

    def _remove(self, body: bytearray, _: Sequence[bytes]) -> None:
        at = self._at(body)
        del body[at : at + self._chance.choice((1, 2, 4, 8))]

    def _splice(self, body: bytearray, seeds: Sequence[bytes]) -> None:
        other = self._chance.choice(seeds)
        at = self._at(body)
        body[at:] = other[self._chance.randrange(len(other) + 1) :]
