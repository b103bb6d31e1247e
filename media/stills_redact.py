"""Covers tiles of a decoded still and writes what a verifier needs to check all the others. Pure."""

from __future__ import annotations

import json
import struct
from collections.abc import Collection
from typing import Any
from zlib import compress, crc32

import numpy as np

from media.stills_tiles import TILE_PX, Plane, planes, tile_count, tile_leaves, tile_salts, tile_slices

#: Black, as every pixel of a covered tile in Y, U and V.
COVERED = (16, 128, 128)


def redact(i420: bytes, width: int, height: int, seed: bytes, hidden: Collection[int]) -> tuple[bytes, bytes]:
    """(the picture as a grey PNG, the table of its tiles): `docs/evidence.md`, "Still tiles".

    hidden: numbers of the tiles to cover, counted row by row. Raises ValueError for a number that is none, or a picture
    of another size.
    """
    count = tile_count(width, height)
    if not set(hidden) <= set(range(count)):
        raise ValueError(f"a picture of {width} x {height} has {count} tiles")
    leaves, salts = tile_leaves(i420, width, height, seed), tile_salts(seed, count)
    tiles: list[dict[str, Any]] = [
        {"index": at, "hash": leaves[at].hex()} if at in hidden else {"index": at, "salt": salts[at].hex()}
        for at in range(count)
    ]
    table = {"v": 1, "tile_px": TILE_PX, "width": width, "height": height, "tiles": tiles}
    covered = [
        _cover(plane, hidden, TILE_PX if at == 0 else TILE_PX // 2, COVERED[at])
        for at, plane in enumerate(planes(i420, width, height))
    ]
    return grey_png(*covered), json.dumps(table, separators=(",", ":"), sort_keys=True).encode("ascii")


def tiles_within(width: int, height: int, left: int, top: int, right: int, bottom: int) -> list[int]:
    """The tiles that a rectangle of pixels touches; right and bottom are just outside of it."""
    across, down = -(-width // TILE_PX), -(-height // TILE_PX)
    columns = range(max(0, left // TILE_PX), min(across, -(-right // TILE_PX)))
    rows = range(max(0, top // TILE_PX), min(down, -(-bottom // TILE_PX)))
    return [row * across + column for row in rows for column in columns]


def grey_png(luma: Plane, first: Plane, second: Plane) -> bytes:
    """Y above, U and V beside each other below it; every row with filter 0, so that the bytes are the picture's own."""
    odd = luma.shape[1] % 2
    above = np.pad(luma, ((0, 0), (1, odd)))
    below = np.pad(np.hstack([first, second]), ((0, 0), (1, 0)))
    rows = np.vstack([above, below])
    size = struct.pack(">IIBBBBB", rows.shape[1] - 1, rows.shape[0], 8, 0, 0, 0, 0)
    parts = [_chunk(b"IHDR", size), _chunk(b"IDAT", compress(rows.tobytes(), 6)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _cover(plane: Plane, hidden: Collection[int], tile_px: int, value: int) -> Plane:
    covered = plane.copy()
    for at, place in enumerate(tile_slices(plane, tile_px)):
        if at in hidden:
            covered[place] = value
    return covered


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc32(content, crc32(kind)))
