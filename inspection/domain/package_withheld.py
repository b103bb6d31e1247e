"""What a package leaves out on purpose, as its manifest says: each thing with the rule that excuses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from inspection.domain.entry_shapes import Shape, count, file, list_of, name, one_of, record

AUDIENCES = ("office", "applicant", "court")
MEDIA_CLASS = "media"
TOKENS = "timestamps/"
#: What an erasure takes as a whole; nothing of it is left that could be a stretch or a covered picture.
_ERASED_AS_A_WHOLE = ("track", "still", "file")
#: Notes that officers make for themselves and each other: by kind, the last step of the pointer.
_OFFICE_NOTES = {"check": "note", "site_visit": "note", "opinion": "text", "hold": "reason", "reveal": "reason"}
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


def is_for(audience: str, kind: str, path: str) -> bool:
    """Whether a personal value is for them. The applicant gets no notes that officers made for themselves."""
    if audience not in AUDIENCES:
        raise ValueError(f"no such audience: {audience}")
    return (
        audience != "applicant"
        or not path.startswith("/payload/")
        or _OFFICE_NOTES.get(kind) != path[path.rfind("/") + 1 :]
    )


@dataclass(frozen=True, slots=True)
class OpeningPlace:
    """A commitment: the kind of its entry, and the class that it is erased with; None where its kind names none."""

    kind: str
    retention: str | None


@dataclass(frozen=True, slots=True)
class Excuses:
    """What excuses leaving something out: for whom the package is, and by class the last entry that erased it."""

    audience: str
    erased_at: Mapping[str, int]

    def is_erased(self, retention: str | None, last_seq: int) -> bool:
        """Whether an entry erased what is of that class and was last named by entry `last_seq`."""
        return retention is not None and last_seq < self.erased_at.get(retention, 0)

    def holds_for_file(self, one: Withheld, last_seq: int) -> bool:
        """For anything but an opening; `last_seq` is the last entry that names it. A token is never left out."""
        if one.kind == "file" and (one.name or "").startswith(TOKENS):
            return False
        if one.rule == "erased":
            return one.kind in _ERASED_AS_A_WHOLE and self.is_erased(MEDIA_CLASS, last_seq)
        return one.rule == "redacted" and self.audience != "office"

    def holds_for_opening(self, one: Withheld, place: OpeningPlace | None) -> bool:
        """For an opening; None where nothing stands."""
        if one.rule == "redacted":
            return self.audience != "office"
        if place is None:
            return False
        if one.rule == "erased":
            return self.is_erased(place.retention, one.seq or 0)
        return not is_for(self.audience, place.kind, one.path or "")


def hidden_openings(withheld: tuple[Withheld, ...]) -> Callable[[int, str], bool]:
    """`(seq, path)` → whether that opening is withheld."""
    hidden = {(one.seq, one.path) for one in withheld if one.kind == "opening"}
    return lambda seq, path: (seq, path) in hidden
