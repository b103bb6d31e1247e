"""A still of which tiles are covered: shows that all the others are those of the original, and which are not shown.

`docs/evidence.md`, "Still tiles", has the bytes. Plain Python: a picture of grey rows is all that has to be read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

from inspection.domain.canonical import parse_canonical
from inspection.domain.entry_shapes import count, digest, list_of, record, text
from inspection.domain.merkle import leaf_hash, node_hash

TILE_PX = 64
SALT_BYTES = 16
COVERED = (16, 128, 128)
"""The value of all pixels of a covered tile, in Y, U and V."""
MOST_PIXELS = 4096 * 4096
MAX_MEMBER_BYTES = 64 * 1024 * 1024

_PNG = b"\x89PNG\r\n\x1a\n"
_GREY_8_BIT = bytes([8, 0, 0, 0, 0])
_SHAPE = record(
    v=count, tile_px=count, width=count, height=count, tiles=list_of(record(index=count, salt_=text, hash_=digest))
)

Planes = tuple[list[bytes], list[bytes], list[bytes]]
"""Rows of Y, U and V."""


def check_redacted(png: bytes, tiles_json: bytes, width: int, height: int, tiles_root: str) -> tuple[int, ...]:
    """The numbers of the covered tiles. ValueError unless the others are those under `tiles_root`."""
    if not 0 < width * height <= MOST_PIXELS:
        raise ValueError("no possible size")
    said = parse_canonical(tiles_json)
    wrong = _SHAPE(said, True)
    if wrong is not None or (said["v"], said["tile_px"]) != (1, TILE_PX):
        raise ValueError(f"no table of tiles: {wrong}")
    if (said["width"], said["height"]) != (width, height):
        raise ValueError("a table of another size")
    tiles = list(_tiles(_read_planes(png, width, height)))
    if [each["index"] for each in said["tiles"]] != list(range(len(tiles))):
        raise ValueError("a table of other tiles")
    leaves = [_leaf(each, tile) for each, tile in zip(said["tiles"], tiles, strict=True)]
    if _root(leaves).hex() != tiles_root:
        raise ValueError("tiles of another picture")
    return tuple(each["index"] for each in said["tiles"] if each.get("hash") is not None)


def _leaf(said: dict[str, Any], tile: tuple[bytes, bytes, bytes]) -> bytes:
    salt, leaf = said.get("salt"), said.get("hash")
    if (salt is None) == (leaf is None):
        raise ValueError("a tile is shown or covered")
    if leaf is not None:
        if any(part.count(value) != len(part) for part, value in zip(tile, COVERED, strict=True)):
            raise ValueError("a covered tile shows something")
        return bytes.fromhex(leaf)
    raw = bytes.fromhex(str(salt))
    if len(raw) != SALT_BYTES or raw.hex() != salt:
        raise ValueError("a salt of another form")
    return leaf_hash(raw + b"".join(tile))


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(_root(leaves[:split]), _root(leaves[split:]))


def _tiles(planes: Planes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Row by row, the parts of each in Y, U and V."""
    height, width = len(planes[0]), len(planes[0][0])
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            half = TILE_PX // 2
            yield (
                _cut(planes[0], left, top, TILE_PX),
                _cut(planes[1], left // 2, top // 2, half),
                _cut(planes[2], left // 2, top // 2, half),
            )


def _cut(rows: list[bytes], left: int, top: int, px: int) -> bytes:
    return b"".join(row[left : left + px] for row in rows[top : top + px])


def _read_planes(png: bytes, width: int, height: int) -> Planes:
    half, half_rows = -(-width // 2), -(-height // 2)
    stride = 2 * half + 1
    content = _unpacked(png, 2 * half, height + half_rows, stride * (height + half_rows))
    rows = [content[at : at + stride] for at in range(0, len(content), stride)]
    if any(row[0] for row in rows) or any(row[1 + width :].strip(b"\0") for row in rows[:height]):
        raise ValueError("rows of another form")
    luma = [row[1 : 1 + width] for row in rows[:height]]
    chroma = rows[height:]
    return luma, [row[1 : 1 + half] for row in chroma], [row[1 + half :] for row in chroma]


def _unpacked(png: bytes, width: int, height: int, length: int) -> bytes:
    """The filtered rows of a PNG of exactly that size, in 8 bit grey."""
    kinds, packed = [], []
    for kind, content in _chunks(png):
        kinds.append(kind)
        if kind == b"IDAT":
            packed.append(content)
        elif content != (struct.pack(">II", width, height) + _GREY_8_BIT if kind == b"IHDR" else b""):
            raise ValueError("a PNG of another form")
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or any(kind != b"IDAT" for kind in kinds[1:-1]):
        raise ValueError("a PNG of other parts")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(b"".join(packed), length + 1)
    except zlib.error as error:
        raise ValueError("a PNG that does not unpack") from error
    if len(content) != length or not unpacker.eof or unpacker.unused_data:
        raise ValueError("a PNG of another length")
    return content


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if png[:8] != _PNG:
        raise ValueError("no PNG")
    at = 8
    while at < len(png):
        if len(png) < at + 12:
            raise ValueError("a PNG that is cut off")
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        if len(png) < end + 4 or zlib.crc32(png[at + 4 : end]) != int.from_bytes(png[end : end + 4], "big"):
            raise ValueError("a damaged PNG")
        yield png[at + 4 : at + 8], png[at + 8 : end]
        at = end + 4
