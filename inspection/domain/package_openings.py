"""`openings.jsonl`: the personal values of a package, each with the salt that opens its commitment in the ledger.

A line is `{"path": JSON pointer, "salt": base64, "seq": n, "value": …}`; lines rise by seq, then by the pointer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from inspection.domain.canonical import CanonicalError, canonical_bytes, parse_canonical
from inspection.domain.commitments import Opening, is_commitment
from inspection.domain.entry import Entry

_KEYS = frozenset(("path", "salt", "seq", "value"))


class OpeningError(ValueError):
    """Bytes that are no line of openings."""


@dataclass(frozen=True, slots=True)
class PlacedOpening:
    """An opening and the commitment that it is said to open."""

    seq: int
    path: str
    opening: Opening

    @property
    def order(self) -> tuple[int, bytes]:
        """Lines rise by this."""
        return self.seq, self.path.encode("utf-8")

    def to_line(self) -> bytes:
        """The canonical bytes, without a line end."""
        held = self.opening
        return canonical_bytes({"seq": self.seq, "path": self.path, "salt": held.salt, "value": held.value})


def parse_opening(line: bytes) -> PlacedOpening:
    """Raises OpeningError for anything but a canonical line of the right shape."""
    try:
        fields = parse_canonical(line)
    except CanonicalError as error:
        raise OpeningError(str(error)) from error
    if not isinstance(fields, dict) or fields.keys() != _KEYS or type(fields["seq"]) is not int:
        raise OpeningError("not the fields of an opening")
    if not isinstance(fields["path"], str) or not isinstance(fields["salt"], str):
        raise OpeningError("not the fields of an opening")
    opening = Opening(fields["salt"], fields["value"])
    try:
        opening.salt_bytes()
    except ValueError as error:
        raise OpeningError(str(error)) from error
    return PlacedOpening(fields["seq"], fields["path"], opening)


def package_openings(entries: Iterable[Entry], is_hidden: Callable[[int, str], bool]) -> Iterator[PlacedOpening]:
    """Those that the entries carry and nobody withholds, in order."""
    for entry in entries:
        for path in sorted(entry.openings, key=str.encode):
            if not is_hidden(entry.seq, path):
                yield PlacedOpening(entry.seq, path, entry.openings[path])


def commitments_of(fields: dict[str, Any]) -> dict[str, str]:
    """Each commitment in an entry's actor and payload: JSON pointer → `c`."""
    found: dict[str, str] = {}
    _collect(fields.get("actor"), "/actor", found)
    _collect(fields.get("payload"), "/payload", found)
    return found


def _collect(value: Any, path: str, found: dict[str, str]) -> None:
    if is_commitment(value):
        found[path] = value["c"]
    elif isinstance(value, dict):
        for key, inner in value.items():
            _collect(inner, f"{path}/{key.replace('~', '~0').replace('/', '~1')}", found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _collect(inner, f"{path}/{index}", found)
