"""Random damage, by a seed: whatever it is, three verifiers have to judge it alike."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from inspection.domain.canonical import canonical_bytes
from tests.inspection.proof.builder import signer_of
from tests.inspection.proof.tamper.forge import Forged
from tests.inspection.proof.tamper.office_days import Day
from tests.inspection.proof.tamper.rich import resealed
from tests.inspection.proof.tamper.tricks_form import list_bytes

JUNK: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**53 - 1, "", "0", "x", "é", "a" * 64, "0" * 64, "2026-05-06T01:30:00.000Z", [], {},
    [1], {"c": "0" * 64}, {"c": "x"}, {"a": {"c": "1" * 64}}, "../x", "stills/x.jpg", "session1", "track1", "system",
)  # fmt: skip


def damaged(day: Day, package: Path, out: Path, chosen: random.Random) -> Path:
    """Bytes of a member, lines of one, or a value in one; then signed again, or not, or all the way down."""
    forged = Forged(package, _signers(day))
    way = chosen.choice((_bytes, _lines, _value, _all_the_way))
    try:
        way(forged, chosen)
    except (LookupError, TypeError, ValueError):  # nothing to sign there: the damage stays as far as it came
        pass
    if way is not _all_the_way and chosen.random() < 0.8:
        _sign(forged)
    return forged.write(out)


def _all_the_way(forged: Forged, chosen: random.Random) -> None:
    resealed(forged, lambda entries: _junk(entries[chosen.randrange(len(entries))], chosen))


def _sign(forged: Forged) -> None:
    try:
        list_bytes(forged)
    except (ValueError, KeyError):  # the manifest itself was hit, and is left as it is
        return


def _signers(day: Day) -> list[Any]:
    """All keys of the office, by their number."""
    seeds = {signer_of(seed).public_key(): signer_of(seed) for seed in range(1, 20)}
    return [seeds[line.public_key] for line in day.case.keys]


def _bytes(forged: Forged, chosen: random.Random) -> None:
    name = chosen.choice(list(forged.members))
    content = bytearray(forged.members[name])
    for _ in range(chosen.randrange(1, 4)):
        at = chosen.randrange(len(content) + 1)
        what = chosen.randrange(4)
        if what == 0:
            content[at:at] = chosen.randbytes(chosen.randrange(1, 5))
        elif what == 1:
            del content[at : at + chosen.randrange(1, 5)]
        elif at < len(content):
            content[at] ^= 1 << chosen.randrange(8)
    forged.members[name] = bytes(content)


def _lines(forged: Forged, chosen: random.Random) -> None:
    name = chosen.choice([name for name in forged.members if name.endswith(".jsonl")])
    lines = forged.members[name].splitlines(keepends=True)
    if not lines:
        return
    at, to = chosen.randrange(len(lines)), chosen.randrange(len(lines))
    what = chosen.randrange(4)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(to, lines[at])
    elif what == 2:
        lines[at], lines[to] = lines[to], lines[at]
    else:
        del lines[at:]
    forged.members[name] = b"".join(lines)


def _value(forged: Forged, chosen: random.Random) -> None:
    name = chosen.choice([name for name in forged.members if name.endswith((".jsonl", ".json"))])
    lines = forged.members[name].splitlines()
    if not lines:
        return
    at = chosen.randrange(len(lines))
    fields = json.loads(lines[at])
    _junk(fields, chosen)
    lines[at] = canonical_bytes(fields)
    forged.members[name] = b"".join(line + b"\n" for line in lines)
    if name.endswith(".json"):
        forged.members[name] = forged.members[name].removesuffix(b"\n")


def _junk(fields: Any, chosen: random.Random) -> None:
    """Another value at a random place; a key taken away or added."""
    place = fields
    while chosen.random() < 0.6:
        inner = [key for key in _keys(place) if isinstance(place[key], (dict, list)) and place[key]]
        if not inner:
            break
        place = place[chosen.choice(inner)]
    keys = _keys(place)
    if not keys:
        return
    key = chosen.choice(keys)
    what = chosen.randrange(8)
    if what == 0 and isinstance(place, dict):
        del place[key]
    elif what == 1 and isinstance(place, dict):
        place["more"] = chosen.choice(JUNK)
    elif what == 2 and isinstance(place[key], int):
        place[key] += chosen.choice((-1, 1))
    elif what == 3 and isinstance(place[key], str) and place[key]:
        at = chosen.randrange(len(place[key]))
        place[key] = place[key][:at] + chosen.choice("0a/ \u0000") + place[key][at + 1 :]
    else:
        place[key] = chosen.choice(JUNK)


def _keys(place: Any) -> list[Any]:
    return list(place) if isinstance(place, dict) else list(range(len(place)))
