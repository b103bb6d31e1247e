"""Stills that commit to their picture tile by tile, and copies of them with some tiles covered."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from inspection.domain.package_withheld import Withheld
from inspection.services.packages import PackageText
from media.stills_redact import redact as redacted_members
from media.stills_tiles import tile_count, tiles_root
from tests.inspection.proof.builder import LI, SESSION, Case, still_payload


@dataclass
class TiledStill:
    """A still with its pixels. `texts`: the members of its covered copy, once there is one."""

    still_id: str
    seq: int
    i420: bytes
    width: int
    height: int
    seed: bytes
    texts: list[PackageText] = field(default_factory=list)


def put_tiled_still(case: Case, still_id: str, chosen: random.Random) -> TiledStill:
    """On disk and in the ledger."""
    width, height, seed = chosen.randrange(1, 200), chosen.randrange(1, 140), chosen.randbytes(32)
    i420 = chosen.randbytes(width * height + 2 * (-(-width // 2) * -(-height // 2)))
    file, content = f"{SESSION}/stills/{still_id}.jpg", b"\xff\xd8" + chosen.randbytes(60)
    case.keep(file, content)
    tiles = {"tiles_root": tiles_root(i420, width, height, seed), "tiles_seed": seed.hex()}
    said = {**still_payload(still_id, file, content), "width": width, "height": height, **tiles}
    return TiledStill(still_id, case.add("still", said, LI).seq, i420, width, height, seed)


def cover(still: TiledStill, chosen: random.Random, rule: str) -> list[Withheld]:
    """Covers some tiles and keeps the seed back, which would let everybody try what is under them."""
    count = tile_count(still.width, still.height)
    hidden = sorted(chosen.sample(range(count), chosen.randrange(1, count + 1)))
    picture, table = redacted_members(still.i420, still.width, still.height, still.seed, hidden)
    stem = f"stills/{still.still_id}."
    still.texts = [PackageText(f"{stem}redacted.png", picture), PackageText(f"{stem}tiles.json", table)]
    return [
        Withheld("still_tiles", rule, still=still.still_id, tiles=tuple(hidden)),
        Withheld("opening", rule, seq=still.seq, path="/payload/tiles_seed"),
    ]
