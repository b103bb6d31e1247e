"""A disk whose power can be cut: what was not synced is kept, lost, torn or replaced by rubbish, sector by sector."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512


class PowerCut(BaseException):  # noqa: N818  (no error that anybody may handle)
    """The machine is off."""


@dataclass
class _File:
    path: Path
    medium: bytearray = field(default_factory=bytearray)
    cache: bytearray = field(default_factory=bytearray)
    dirty: set[int] = field(default_factory=set)


class FickleDisk:
    """Implements `JournalFiles` in memory. While `is_failing`, the next call that touches the disk is its last."""

    def __init__(self, chance: random.Random) -> None:
        self.is_failing = False
        self._chance = chance
        self._files: dict[int, _File] = {}

    def create(self, path: Path) -> int:
        if self.is_failing and self._chance.random() < 0.5:
            raise PowerCut
        descriptor = 3 + len(self._files)
        self._files[descriptor] = _File(path)
        self._fail_if_due()
        return descriptor

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        file = self._files[descriptor]
        if self.is_failing:
            content = content[: self._chance.randrange(len(content) + 1)]
        if len(file.cache) < offset + len(content):
            file.cache.extend(bytes(offset + len(content) - len(file.cache)))
        file.cache[offset : offset + len(content)] = content
        file.dirty.update(range(offset // SECTOR_BYTES, (offset + len(content)) // SECTOR_BYTES + 1))
        self._fail_if_due()
        return len(content)

    def sync(self, descriptor: int) -> None:
        self._fail_if_due()
        file = self._files[descriptor]
        file.medium = bytearray(file.cache)
        file.dirty.clear()

    def truncate(self, descriptor: int, length: int) -> None:
        file = self._files[descriptor]
        del file.cache[length:]
        file.dirty.add(length // SECTOR_BYTES)
        self._fail_if_due()

    def close(self, descriptor: int) -> None:
        """Nothing reaches the medium by it."""

    def free_bytes(self, path: Path) -> int:
        return 10**12

    def leave_behind(self) -> None:
        """Write what the medium holds after the cut to the real paths."""
        for file in self._files.values():
            file.path.parent.mkdir(parents=True, exist_ok=True)
            file.path.write_bytes(self._survivors(file))

    def _fail_if_due(self) -> None:
        if self.is_failing:
            raise PowerCut

    def _survivors(self, file: _File) -> bytes:
        """Sectors were written in any order, some of them in part; the length may have been told before the content."""
        lengths = sorted((len(file.medium), len(file.cache)))
        length = self._chance.choice([*lengths, self._chance.randint(*lengths)])
        left = bytearray(file.medium.ljust(length, b"\0")[:length])
        for sector in sorted(file.dirty):
            start, end = sector * SECTOR_BYTES, min((sector + 1) * SECTOR_BYTES, length)
            if start < end:
                self._write_sector(
                    left, bytes(file.cache[start:end]).ljust(end - start, b"\0"), start, len(file.medium)
                )
        return bytes(left)

    def _write_sector(self, left: bytearray, new: bytes, start: int, synced_bytes: int) -> None:
        fate = self._chance.random()
        if fate < 0.4:
            left[start : start + len(new)] = new
        elif fate < 0.6:
            part = self._chance.randrange(len(new) + 1)
            left[start : start + part] = new[:part]
        elif fate < 0.7 and start >= synced_bytes:
            left[start : start + len(new)] = self._chance.randbytes(len(new))
