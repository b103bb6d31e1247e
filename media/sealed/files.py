"""Journals that are sealed while they are written: `JournalFiles` over other ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from media.journal.files import JournalFiles
from media.sealed.format import FILE_ID_BYTES, HEADER_BYTES, NONCE_BYTES, OVERHEAD_BYTES, FileSeal

RandomBytes = Callable[[int], bytes]


@dataclass(slots=True)
class _Open:
    """One open file. `raw_ends`: where in the file the content ends that long, since the last sync that went well."""

    seal: FileSeal
    length: int = 0
    raw_ends: dict[int, int] = field(default_factory=lambda: {0: HEADER_BYTES})


class SealedFiles:
    """Positions are those of the content. Each call of `write` makes a chunk, so content is cut only between calls."""

    def __init__(self, files: JournalFiles, key: bytes, random_bytes: RandomBytes) -> None:
        self._files = files
        self._key = key
        self._random_bytes = random_bytes
        self._open: dict[int, _Open] = {}

    def create(self, path: Path) -> int:
        seal = FileSeal(self._key, self._random_bytes(FILE_ID_BYTES))
        descriptor = self._files.create(path)
        try:
            self._write_whole(descriptor, seal.header, 0)
        except OSError:
            self._files.close(descriptor)
            path.unlink(missing_ok=True)  # else the next try would find a file that is there already
            raise
        self._open[descriptor] = _Open(seal)
        return descriptor

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        """All of `content`, at the end or in the place of what was written there since the last sync."""
        file = self._open[descriptor]
        at = file.raw_ends[offset]
        chunk = file.seal.seal(content, offset, self._random_bytes(NONCE_BYTES))
        self._write_whole(descriptor, chunk, at)
        end = offset + len(content)
        file.raw_ends[end] = at + len(content) + OVERHEAD_BYTES
        file.length = max(file.length, end)
        return len(content)

    def sync(self, descriptor: int) -> None:
        self._files.sync(descriptor)
        file = self._open[descriptor]
        file.raw_ends = {file.length: file.raw_ends[file.length]}

    def truncate(self, descriptor: int, length: int) -> None:
        file = self._open[descriptor]
        self._files.truncate(descriptor, file.raw_ends[length])
        file.raw_ends = {end: raw for end, raw in file.raw_ends.items() if end <= length}
        file.length = length

    def close(self, descriptor: int) -> None:
        self._open.pop(descriptor, None)
        self._files.close(descriptor)

    def free_bytes(self, path: Path) -> int:
        return self._files.free_bytes(path)

    def _write_whole(self, descriptor: int, content: bytes, offset: int) -> None:
        written = 0
        while written < len(content):
            step = self._files.write(descriptor, content[written:], offset + written)
            if step <= 0:
                raise OSError("nothing was written")
            written += step
