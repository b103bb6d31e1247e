"""Covered tiles of a still: the rest is checked, what is covered is named, and nothing else passes."""

from __future__ import annotations

import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from inspection.domain.still_tiles import check_redacted
from media.stills_redact import grey_png, redact, tiles_within
from media.stills_tiles import planes, tile_count, tiles_root

pytestmark = pytest.mark.unit

SEED = bytes(range(32))


def picture(width: int, height: int, seed: int = 1) -> bytes:
    size = width * height + 2 * -(-width // 2) * -(-height // 2)
    return random.Random(seed).randbytes(size)


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (16, 16), (63, 65), (64, 64), (65, 127), (320, 240), (321, 243), (1280, 720)]
)
def test_whatever_is_covered_the_rest_verifies(width: int, height: int) -> None:
    i420 = picture(width, height)
    root, count = tiles_root(i420, width, height, SEED), tile_count(width, height)
    chooser = random.Random(width)
    for hidden in (set(), set(range(count)), {0}, {count - 1}, set(chooser.sample(range(count), count // 3))):
        png, table = redact(i420, width, height, SEED, hidden)
        assert check_redacted(png, table, width, height, root) == tuple(sorted(hidden))


def test_the_root_is_what_the_format_says() -> None:
    """Known answer, made with another reading of the format by hand."""
    i420 = bytes(range(256)) * ((66 * 2 + 2 * 33) // 256 + 1)
    assert tiles_root(i420[: 66 * 2 + 2 * 33], 66, 2, SEED) == known_root(i420[: 66 * 2 + 2 * 33])


def known_root(i420: bytes) -> str:
    import hashlib

    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    y, u, v = i420[:132], i420[132:165], i420[165:]
    left = y[:64] + y[66:130] + u[:32] + v[:32]
    right = y[64:66] + y[130:132] + u[32:] + v[32:]
    salts = [HKDF(SHA256(), 16, None, struct.pack(">I", n)).derive(SEED) for n in range(2)]
    leaves = [hashlib.sha256(b"\0" + salt + tile).digest() for salt, tile in zip(salts, (left, right), strict=True)]
    return hashlib.sha256(b"\1" + b"".join(leaves)).hexdigest()


def test_a_covered_tile_tells_nothing_of_its_pixels() -> None:
    hidden = set(tiles_within(320, 240, 70, 10, 120, 64))
    assert hidden == {1}
    png, table = redact(picture(320, 240), 320, 240, SEED, hidden)
    shown = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert shown.shape == (360, 320)
    assert (shown[:64, 64:128] == 16).all() and not (shown[:64, :64] == 16).all()
    assert (shown[240:272, 32:64] == 128).all() and (shown[240:272, 192:224] == 128).all()
    assert "salt" not in json.loads(table)["tiles"][1]


def test_only_tiles_that_are_there_can_be_covered() -> None:
    with pytest.raises(ValueError, match="20 tiles"):
        redact(picture(320, 240), 320, 240, SEED, {20})
    assert tiles_within(320, 240, -10, -10, 9999, 9999) == list(range(20))
    assert tiles_within(320, 240, 64, 64, 64, 64) == []


def changed(table: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    said = json.loads(table)
    change(said)
    return json.dumps(said, separators=(",", ":"), sort_keys=True).encode()


TABLE_CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another size": lambda said: said.update(width=319),
    "another version": lambda said: said.update(v=2),
    "other tiles": lambda said: said.update(tile_px=32),
    "an unknown key": lambda said: said.update(more=1),
    "one missing": lambda said: said["tiles"].pop(),
    "out of order": lambda said: said["tiles"].reverse(),
    "both": lambda said: said["tiles"][1].update(salt="0" * 32),
    "neither": lambda said: said["tiles"][0].pop("salt"),
    "another salt": lambda said: said["tiles"][0].update(salt="0" * 32),
    "a salt in capitals": lambda said: said["tiles"][0].update(salt=said["tiles"][0]["salt"].upper()),
    "a long salt": lambda said: said["tiles"][0].update(salt=said["tiles"][0]["salt"] + "00"),
    "a salt with spaces": lambda said: said["tiles"][0].update(salt=said["tiles"][0]["salt"][:30] + " 0"),
    "another hash": lambda said: said["tiles"][1].update(hash="0" * 64),
    "a shown one called covered": lambda said: said["tiles"].__setitem__(2, {"index": 2, "hash": "0" * 64}),
}


@pytest.mark.parametrize("name", TABLE_CHANGES)
def test_a_table_that_says_something_else_is_refused(name: str) -> None:
    i420 = picture(320, 240)
    png, table = redact(i420, 320, 240, SEED, {1})
    with pytest.raises(ValueError, match=r"."):
        check_redacted(png, changed(table, TABLE_CHANGES[name]), 320, 240, tiles_root(i420, 320, 240, SEED))


def test_every_changed_byte_of_a_picture_is_noticed() -> None:
    i420 = picture(128, 66)
    png, table = redact(i420, 128, 66, SEED, {1})
    root = tiles_root(i420, 128, 66, SEED)
    chooser = random.Random(9)
    for place in [*range(60), *(chooser.randrange(len(png)) for _ in range(300)), len(png) - 1]:
        bent = bytearray(png)
        bent[place] ^= 1 << chooser.randrange(8)
        with pytest.raises(ValueError, match=r"."):
            check_redacted(bytes(bent), table, 128, 66, root)
    for length in (0, 7, 20, 40, len(png) - 1):
        with pytest.raises(ValueError, match=r"."):
            check_redacted(png[:length], table, 128, 66, root)


def test_a_covered_tile_that_shows_something_is_refused() -> None:
    i420 = picture(128, 64)
    _, table = redact(i420, 128, 64, SEED, {1})
    shown = grey_png(*planes(i420, 128, 64))
    with pytest.raises(ValueError, match="covered tile"):
        check_redacted(shown, table, 128, 64, tiles_root(i420, 128, 64, SEED))


def test_a_bomb_is_not_unpacked() -> None:
    png, table = redact(picture(64, 64), 64, 64, SEED, {0})
    packed = zlib.compress(bytes(50_000_000))
    chunk = struct.pack(">I", len(packed)) + b"IDAT" + packed + struct.pack(">I", zlib.crc32(b"IDAT" + packed))
    bomb = png[:33] + chunk + png[-12:]
    with pytest.raises(ValueError, match="another length"):
        check_redacted(bomb, table, 64, 64, "0" * 64)
