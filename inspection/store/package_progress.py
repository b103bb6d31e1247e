"""How far reading or writing a package is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

Progress = Callable[[int, int], None]
"""`(bytes done, bytes in all)`."""


class ByteCount:
    """Tells progress while chunks pass."""

    def __init__(self, whole: int, progress: Progress) -> None:
        self._whole = whole
        self._done = 0
        self._progress = progress

    def __call__(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.add(len(chunk))
            yield chunk

    def add(self, length: int) -> None:
        self._done += length
        self._progress(min(self._done, self._whole), self._whole)
