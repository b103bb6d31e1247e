"""Writes the plain ZIP that `package_zip` reads: stored members, one fixed time, nothing optional.

The same members give the same bytes. ZIP64 values stand only where a length or an offset needs them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import pack
from typing import BinaryIO

from inspection.domain.package_manifest import Member
from inspection.store.package_zip_layout import (
    CENTRAL,
    CENTRAL_MAGIC,
    END,
    END64,
    END64_MAGIC,
    END_MAGIC,
    FULL16,
    FULL32,
    LOCAL,
    LOCAL_MAGIC,
    LOCATOR64,
    LOCATOR64_MAGIC,
    STORED,
)

_MADE_BY = 0x0314  # Unix, version 2.0
_NEEDED, _NEEDED64 = 20, 45
_TIME, _DATE = 0, 0x21  # 1980-01-01 00:00:00, the first that the format can say
_CHUNK_BYTES = 256 * 1024
_EXTERNAL = 0o100644 << 16


class LengthChanged(Exception):
    """A member had another length than was announced: its source changed meanwhile."""


@dataclass(frozen=True, slots=True)
class _Written:
    name: bytes
    crc32: int
    size_bytes: int
    offset: int


class PlainZipWriter:
    """Writes to a seekable stream, from its start. After an error the stream holds no archive."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._written: list[_Written] = []
        self.last_crc32 = 0
        self.on_kept: Callable[[int], None] = lambda length: None

    def add(self, name: str, size_bytes: int, chunks: Iterable[bytes]) -> Member:
        """Adds a member of exactly `size_bytes`. Raises LengthChanged where the chunks are more or fewer."""
        offset = self._stream.tell()
        raw_name = name.encode("ascii")
        self._stream.write(_local_header(_Written(raw_name, 0, size_bytes, offset)))
        digest, crc32, total = hashlib.sha256(), 0, 0
        for chunk in chunks:
            digest.update(chunk)
            crc32 = zlib.crc32(chunk, crc32)
            total += len(chunk)
            self._stream.write(chunk)
        if total != size_bytes:
            raise LengthChanged(f"{name}: {total} bytes where {size_bytes} were announced")
        written = _Written(raw_name, crc32, size_bytes, offset)
        self._put_header(written)
        self._written.append(written)
        self.last_crc32 = crc32
        return Member(name, size_bytes, digest.hexdigest())

    def keep(self, name: str, size_bytes: int, crc32: int, sha256: str) -> Member | None:
        """Goes past a member that stands here already; None, at the same place, where it is another or damaged."""
        offset = self._stream.tell()
        written = _Written(name.encode("ascii"), crc32, size_bytes, offset)
        header = _local_header(written)
        digest, left = hashlib.sha256(), size_bytes
        if self._stream.read(len(header)) == header:
            while left and (chunk := self._stream.read(min(_CHUNK_BYTES, left))):
                digest.update(chunk)
                left -= len(chunk)
                self.on_kept(len(chunk))
        if left or digest.hexdigest() != sha256:
            self._stream.seek(offset)
            return None
        self._written.append(written)
        return Member(name, size_bytes, sha256)

    def finish(self) -> None:
        """Writes the central directory and the end."""
        offset = self._stream.tell()
        for written in self._written:
            self._stream.write(_central_header(written))
        self._stream.write(_end(len(self._written), self._stream.tell() - offset, offset))

    def _put_header(self, written: _Written) -> None:
        end = self._stream.tell()
        self._stream.seek(written.offset)
        self._stream.write(_local_header(written))
        self._stream.seek(end)


def _local_header(written: _Written) -> bytes:
    long = written.size_bytes >= FULL32
    size = FULL32 if long else written.size_bytes
    extra = pack("<2H2Q", 1, 16, written.size_bytes, written.size_bytes) if long else b""
    lengths = (size, size, len(written.name), len(extra))
    header = LOCAL.pack(LOCAL_MAGIC, _needed(written), 0, STORED, _TIME, _DATE, written.crc32, *lengths)
    return header + written.name + extra


def _central_header(written: _Written) -> bytes:
    values = (written.size_bytes, written.size_bytes, written.offset)
    long = [value for value in values if value >= FULL32]
    extra = pack(f"<2H{len(long)}Q", 1, 8 * len(long), *long) if long else b""
    size, packed, offset = (min(value, FULL32) for value in values)
    header = CENTRAL.pack(
        *(CENTRAL_MAGIC, _MADE_BY, _needed(written), 0, STORED, _TIME, _DATE, written.crc32, packed, size),
        *(len(written.name), len(extra), 0, 0, 0, _EXTERNAL, offset),
    )
    return header + written.name + extra


def _needed(written: _Written) -> int:
    return _NEEDED64 if written.size_bytes >= FULL32 else _NEEDED


def _end(count: int, central_bytes: int, offset: int) -> bytes:
    end = END.pack(
        END_MAGIC, 0, 0, min(count, FULL16), min(count, FULL16), min(central_bytes, FULL32), min(offset, FULL32), 0
    )
    if count < FULL16 and central_bytes < FULL32 and offset < FULL32:
        return end
    record = END64.pack(END64_MAGIC, END64.size - 12, 45, 45, 0, 0, count, count, central_bytes, offset)
    return record + LOCATOR64.pack(LOCATOR64_MAGIC, 0, offset + central_bytes, 1) + end
