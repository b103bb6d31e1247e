"""Commitments to personal values: an entry binds the value without showing it, so that it can be erased later.

`{"c": hex}` stands in the entry; `c` is the SHA-256 of `CONTEXT`, a salt of 16 random bytes and the canonical bytes
of the value. Salt and value together are the opening, which is kept beside the ledger and is not signed. Without the
salt nobody can try out likely values.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inspection.domain.canonical import canonical_bytes

CONTEXT = b"yuntakan-commitment-v1\n"
SALT_BYTES = 16
ERASED: Mapping[str, bool] = {"erased": True}
"""What pages get where nobody can open a commitment any more."""

Draw = Callable[[int], bytes]
"""So many random bytes."""
Path = tuple[str | int, ...]
"""The keys and indices from the top of an entry to a value."""

_HEX64 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: the salt in base64, and the value. Neither shows in logs."""

    salt: str = field(repr=False)
    value: Any = field(repr=False)

    def salt_bytes(self) -> bytes:
        """The salt. ValueError unless it is 16 bytes in base64 that encodes to itself."""
        try:
            raw = base64.b64decode(self.salt, validate=True)
        except binascii.Error as error:
            raise ValueError("a salt that is no base64") from error
        if len(raw) != SALT_BYTES or base64.b64encode(raw).decode("ascii") != self.salt:
            raise ValueError("a salt of another length or form")
        return raw


def commit(opening: Opening) -> dict[str, str]:
    """The commitment as it stands in an entry. Raises CanonicalError for a value without canonical bytes."""
    return {"c": hashlib.sha256(CONTEXT + opening.salt_bytes() + canonical_bytes(opening.value)).hexdigest()}


def is_commitment(value: Any) -> bool:
    """Exactly `{"c": 64 hexadecimal digits}`."""
    if not isinstance(value, dict) or value.keys() != {"c"}:
        return False
    return isinstance(value["c"], str) and _HEX64.fullmatch(value["c"]) is not None


def opens(committed: Any, opening: Opening) -> bool:
    """Whether the opening belongs to what stands in the entry. ValueError where it is no opening at all."""
    return is_commitment(committed) and commit(opening) == committed


def commit_places(
    fields: dict[str, Any], places: Iterable[Path], draw: Draw
) -> tuple[dict[str, Any], dict[str, Opening]]:
    """The fields with a commitment at each place, and the openings by JSON pointer; `fields` stay as they are."""
    openings: dict[str, Opening] = {}
    committed: Any = fields
    for path in places:
        opening = Opening(base64.b64encode(draw(SALT_BYTES)).decode("ascii"), value_at(fields, path))
        committed = replaced(committed, path, commit(opening))
        openings[pointer(path)] = opening
    return committed, openings


def pointer(path: Path) -> str:
    """The path as an RFC 6901 JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def value_at(fields: Any, path: Path) -> Any:
    """The value there. Raises KeyError, IndexError or TypeError where nothing is."""
    for step in path:
        fields = fields[step]
    return fields


def find_at(fields: Any, json_pointer: str) -> Any:
    """The value at a JSON pointer; None where nothing is."""
    if not json_pointer.startswith("/"):
        return None
    for step in json_pointer[1:].split("/"):
        fields = _find_step(fields, step.replace("~1", "/").replace("~0", "~"))
    return fields


def replaced(fields: Any, path: Path, value: Any) -> Any:
    """A copy with another value there; what is not on the path is shared."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return [replaced(item, rest, value) if place == step else item for place, item in enumerate(fields)]
    return {**fields, step: replaced(fields[step], rest, value)}


def _find_step(fields: Any, step: str) -> Any:
    if isinstance(fields, dict):
        return fields.get(step)
    if isinstance(fields, (list, tuple)) and re.fullmatch(r"0|[1-9][0-9]{0,8}", step) and int(step) < len(fields):
        return fields[int(step)]
    return None
