"""Uploads become JPEGs without metadata, re-encoded in a process that can do little else.

The bytes come from a stranger's phone: only JPEG, PNG and WebP by their magic bytes are decoded at all, in a
child process with a bound on memory and time and no files of its own; what it prints is the new picture.
"""

from __future__ import annotations

import asyncio
import resource
import sys

from inspection.domain.errors import InspectionError, Kind

MOST_BYTES = 12_000_000
MOST_PIXELS = 50_000_000
MOST_SIDE = 2560
_TIMEOUT_S = 20.0
_MEMORY_BYTES = 2 * 1024**3
_CPU_S = 15


class LimitedPictures:
    """One picture at a time; the others wait, at most eight (`busy`)."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def reencode(self, content: bytes) -> bytes:
        """A JPEG of at most 2560 pixels a side. Raises `picture_invalid`, `picture_too_large`, `busy`."""
        if len(content) > MOST_BYTES:
            raise InspectionError(Kind.INVALID, "picture_too_large", "at most 12 MB", field="photo")
        if not has_picture_magic(content):
            raise _invalid()
        if self._waiting >= 8:
            raise InspectionError(Kind.UNAVAILABLE, "busy", "too many pictures at once", retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                return await _in_child(content)
        finally:
            self._waiting -= 1


def has_picture_magic(content: bytes) -> bool:
    """JPEG, PNG or WebP by their first bytes."""
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    return content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or is_webp


def limit_self() -> None:
    """The child's bounds: memory, processor time, no file larger than a pipe's worth."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


async def _in_child(content: bytes) -> bytes:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "inspection.store.picture_main",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        picture, _ = await asyncio.wait_for(child.communicate(content), _TIMEOUT_S)
    except TimeoutError:
        raise _invalid() from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0 or not picture:
        raise _invalid()
    return picture


def _invalid() -> InspectionError:
    return InspectionError(Kind.INVALID, "picture_invalid", "no picture that can be read", field="photo")
