"""Reading files that may be sealed, by positions of their content. A file may still be growing."""

from __future__ import annotations

import errno
import os
from array import array
from bisect import bisect_right
from pathlib import Path
from typing import Protocol

from media.sealed.format import (
    CHUNK_HEAD_BYTES,
    HEADER_BYTES,
    OVERHEAD_BYTES,
    FileSeal,
    SealError,
    chunk_length,
    parse_header,
)


class Content(Protocol):
    """The content of an open file. Closed by whoever opened it."""

    def pread(self, count: int, offset: int) -> bytes:
        """At most `count` bytes from `offset` on, as much as there is; b"" at the end. Raises OSError."""

    def size(self) -> int:
        """How long it is now. What a torn end left that is no chunk counts with the bytes that it has."""

    def raw_position(self, offset: int) -> int:
        """Where in the file the content's first `offset` bytes end. ValueError within a chunk."""

    def close(self) -> None:
        """Idempotent."""


class PlainContent:
    """A file as it is."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def pread(self, count: int, offset: int) -> bytes:
        return os.pread(self._descriptor, count, offset)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def raw_position(self, offset: int) -> int:
        return offset

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class SealedContent(PlainContent):
    """A sealed file. What it knows of the chunks grows with the file: 16 bytes for each."""

    def __init__(self, descriptor: int, seal: FileSeal) -> None:
        super().__init__(descriptor)
        self._seal = seal
        #: Where chunk n begins in the content and in the file; the last of each is the end of the last chunk.
        self._starts = array("Q", [0])
        self._raw_starts = array("Q", [HEADER_BYTES])
        self._kept: tuple[int, bytes] = (-1, b"")

    def pread(self, count: int, offset: int) -> bytes:
        """Fewer before a chunk whose seal is broken; raises OSError (EIO) where it is the one at `offset`."""
        if offset + count > self._starts[-1]:
            self._look_for_more()
        parts: list[bytes] = []
        end = min(offset + count, self._starts[-1])
        while offset < end:
            try:
                part = self._part(offset, end)
            except OSError:
                if not parts:
                    raise
                break
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def size(self) -> int:
        self._look_for_more()
        return self._starts[-1] + os.fstat(self._descriptor).st_size - self._raw_starts[-1]

    def raw_position(self, offset: int) -> int:
        self._look_for_more()
        number = bisect_right(self._starts, offset) - 1
        if self._starts[number] != offset:
            raise ValueError("within a chunk")
        return self._raw_starts[number]

    def _part(self, offset: int, end: int) -> bytes:
        number = bisect_right(self._starts, offset) - 1
        start = self._starts[number]
        return self._chunk(number)[offset - start : end - start]

    def _look_for_more(self) -> None:
        end = os.fstat(self._descriptor).st_size
        while True:
            at = self._raw_starts[-1]
            length = chunk_length(os.pread(self._descriptor, CHUNK_HEAD_BYTES, at))
            if length is None or at + length + OVERHEAD_BYTES > end:
                return
            self._starts.append(self._starts[-1] + length)
            self._raw_starts.append(at + length + OVERHEAD_BYTES)

    def _chunk(self, number: int) -> bytes:
        if self._kept[0] != number:
            at, end = self._raw_starts[number], self._raw_starts[number + 1]
            chunk = os.pread(self._descriptor, end - at, at)
            try:
                self._kept = (number, self._seal.open(chunk, self._starts[number]))
            except SealError as error:
                raise OSError(errno.EIO, str(error)) from error
        return self._kept[1]


def open_content(path: Path, key: bytes | None) -> Content:
    """`key` None: for files that are not sealed. Raises OSError; PermissionError for a sealed file without a key."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        file_id = parse_header(os.pread(descriptor, HEADER_BYTES, 0))
        if file_id is None:
            return PlainContent(descriptor)
        if key is None:
            raise PermissionError(errno.EACCES, "the file is sealed")
        return SealedContent(descriptor, FileSeal(key, file_id))
    except BaseException:
        os.close(descriptor)
        raise
