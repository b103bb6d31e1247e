"""The tiles of a still: a tree over salted pieces of the picture, so that some can be covered and the rest verified.

A tile is 64 x 64 pixels (the last of a row or column may be smaller): its rows of Y, then of U, then of V, as in I420.
Its salt is 16 bytes of HKDF-SHA256 (RFC 5869, no salt of its own) over the still's 32-byte seed with the tile's number
(u32, big-endian) as info; its leaf SHA-256(0x00, salt, tile); the root that of RFC 6962 over the leaves, row by row.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

TILE_PX = 64
SALT_BYTES = 16
SEED_BYTES = 32

Plane = NDArray[np.uint8]


def tiles_root(i420: bytes, width: int, height: int, seed: bytes) -> str:
    """The root over all tiles of a picture, in hexadecimal."""
    return tree_root(tile_leaves(i420, width, height, seed)).hex()


def tile_leaves(i420: bytes, width: int, height: int, seed: bytes) -> list[bytes]:
    """The leaves, row by row."""
    parts = planes(i420, width, height)
    salts = tile_salts(seed, tile_count(width, height))
    return [sha256(b"\0" + salt + tile).digest() for salt, tile in zip(salts, _tiles(parts), strict=True)]


def tile_count(width: int, height: int) -> int:
    return -(-width // TILE_PX) * -(-height // TILE_PX)


def tile_salts(seed: bytes, count: int) -> list[bytes]:
    """RFC 5869 with a single block of output each."""
    key = hmac.digest(bytes(32), seed, "sha256")
    return [hmac.digest(key, index.to_bytes(4, "big") + b"\1", "sha256")[:SALT_BYTES] for index in range(count)]


def planes(i420: bytes, width: int, height: int) -> tuple[Plane, Plane, Plane]:
    """Y, U and V as rows. Raises ValueError where the length does not fit the size."""
    half = (-(-height // 2), -(-width // 2))
    luma, chroma = width * height, half[0] * half[1]
    if len(i420) != luma + 2 * chroma:
        raise ValueError("no picture of this size")
    whole = np.frombuffer(i420, np.uint8)
    first, second = whole[luma : luma + chroma], whole[luma + chroma :]
    return whole[:luma].reshape(height, width), first.reshape(half), second.reshape(half)


def tile_slices(plane: Plane, tile_px: int) -> list[tuple[slice, slice]]:
    """Rows and columns of each tile, row by row."""
    height, width = plane.shape
    return [
        (slice(top, top + tile_px), slice(left, left + tile_px))
        for top in range(0, height, tile_px)
        for left in range(0, width, tile_px)
    ]


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, of leaves that are hashed already; at least one."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def _tiles(parts: tuple[Plane, Plane, Plane]) -> list[bytes]:
    cut = [tile_slices(plane, TILE_PX if at == 0 else TILE_PX // 2) for at, plane in enumerate(parts)]
    return [
        b"".join(plane[place].tobytes() for plane, place in zip(parts, places, strict=True))
        for places in zip(*cut, strict=True)
    ]
