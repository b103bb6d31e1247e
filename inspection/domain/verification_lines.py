"""Members that are lines: read piece by piece, each line ended by LF and of bounded length."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from inspection.domain.package_manifest import LEDGER
from inspection.domain.verification import Broken, Code

MAX_LINE_BYTES = 1024 * 1024


def where_entry(seq: int) -> str:
    """How a problem names an entry."""
    return f"{LEDGER} entry {seq}"


def where_line(member: str, number: int) -> str:
    """How a problem names a line, from 1."""
    return where_entry(number) if member == LEDGER else f"{member} line {number}"


def split_lines(chunks: Iterable[bytes], member: str, code: Code) -> Iterator[bytes]:
    """Lines without their ends. Raises Broken with `code` for one that is too long, or a last one without an end."""
    rest = b""
    lines = 0
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            lines += 1
            if len(line) > MAX_LINE_BYTES:
                raise Broken(code, where_line(member, lines))
            yield line
        if len(rest) > MAX_LINE_BYTES:
            break
    if rest:
        raise Broken(code, where_line(member, lines + 1))


def hashed(chunks: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    """The chunks, each put into the digest before it is handed on."""
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
