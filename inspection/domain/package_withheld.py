"""What a package leaves out on purpose, as its manifest says: each thing with the rule that excuses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inspection.domain.entry_shapes import Shape, count, file, list_of, name, one_of, record

AUDIENCES = ("office", "applicant", "court")
RULES = ("erased", "redacted", "audience")

_RULE = one_of(*RULES)
_SHAPES: dict[str, Shape] = {
    "journal": record(kind=name, rule=_RULE, session=name, track=name, from_index=count, to_index=count),
    "track": record(kind=name, rule=_RULE, session=name, track=name),
    "still": record(kind=name, rule=_RULE, still=name),
    "still_tiles": record(kind=name, rule=_RULE, still=name, tiles=list_of(count)),
    "opening": record(kind=name, rule=_RULE, seq=count, path=name),
    "file": record(kind=name, rule=_RULE, name=file),
}


@dataclass(frozen=True, slots=True)
class Withheld:
    """One thing; which fields are set follows from `kind`. Indices of segments and tiles include both ends."""

    kind: str
    rule: str
    session: str | None = None
    track: str | None = None
    from_index: int | None = None
    to_index: int | None = None
    still: str | None = None
    tiles: tuple[int, ...] | None = None
    seq: int | None = None
    path: str | None = None
    name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        said = {key: getattr(self, key) for key in self.__slots__}
        return {key: list(value) if key == "tiles" else value for key, value in said.items() if value is not None}

    @classmethod
    def from_json(cls, fields: Any) -> Withheld:
        """Raises ValueError for anything that is not exactly of a known kind."""
        shape = _SHAPES.get(str(fields.get("kind"))) if isinstance(fields, dict) else None
        if shape is None or shape(fields, True) is not None:
            raise ValueError("not a thing that can be withheld")
        tiles = fields.get("tiles")
        return cls(**{**fields, "tiles": None if tiles is None else tuple(tiles)})


def hidden_openings(withheld: tuple[Withheld, ...]) -> Callable[[int, str], bool]:
    """`(seq, path)` → whether that opening is withheld."""
    hidden = {(one.seq, one.path) for one in withheld if one.kind == "opening"}
    return lambda seq, path: (seq, path) in hidden
