"""The step over `openings.jsonl`: each line opens a commitment of the ledger; what stays closed is withheld by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from inspection.domain.commitments import opens, pointer
from inspection.domain.entry import Entry
from inspection.domain.package_manifest import MANIFEST, OPENINGS
from inspection.domain.package_openings import OpeningError, commitments_of, parse_opening
from inspection.domain.package_withheld import Excuses, OpeningPlace, Withheld
from inspection.domain.verification import Broken, Code
from inspection.domain.verification_lines import where_line

OnOpening = Callable[[int, str, object], None]
"""`(seq, path, value)` of an opening that fits."""


class Commitments:
    """The commitments of a ledger, which of them were opened, and which are withheld."""

    def __init__(self) -> None:
        self._closed: dict[tuple[int, str], str] = {}
        self._places: dict[tuple[int, str], OpeningPlace] = {}
        self._opened: set[tuple[int, str]] = set()
        self._withheld: set[tuple[int, str]] = set()

    @property
    def opened(self) -> int:
        """How many were opened."""
        return len(self._opened)

    def take(self, entry: Entry) -> None:
        """Adds those of an entry; entries come in order."""
        found = commitments_of(entry.to_json())
        classes = {pointer(place.path): str(place.retention) for place in entry.personal_places()} if found else {}
        for path, digest in sorted(found.items(), key=lambda one: one[0].encode()):
            self._closed[entry.seq, path] = digest
            self._places[entry.seq, path] = OpeningPlace(entry.kind, classes.get(path))

    def open(self, lines: Iterable[bytes], on_opening: OnOpening) -> None:
        """Opens them by their lines. Raises Broken: `opening_unparsable`, `opening_digest`."""
        before: tuple[int, bytes] = (0, b"")
        for number, line in enumerate(lines, 1):
            where = where_line(OPENINGS, number)
            try:
                found = parse_opening(line)
            except OpeningError as error:
                raise Broken(Code.OPENING_UNPARSABLE, where) from error
            if found.order <= before:
                raise Broken(Code.OPENING_UNPARSABLE, where)
            before = found.order
            if not opens({"c": self._closed.get((found.seq, found.path))}, found.opening):
                raise Broken(Code.OPENING_DIGEST, where)
            self._opened.add((found.seq, found.path))
            on_opening(found.seq, found.path, found.opening.value)

    def withhold(self, excuses: Excuses, one: Withheld, place: int) -> None:
        """One that the manifest withholds. Raises Broken where it has no excuse, was opened, or is none."""
        at = (one.seq or 0, one.path or "")
        if not excuses.holds_for_opening(one, self._places.get(at)):
            raise Broken(Code.MEMBER_MISSING, f"{MANIFEST} withheld {place}")
        if at not in self._closed or at in self._withheld:
            raise Broken(Code.MEMBER_UNEXPECTED, f"{MANIFEST} withheld {place}")
        if at in self._opened:
            raise Broken(Code.MEMBER_UNEXPECTED, _where(*at))
        self._withheld.add(at)

    def require_all(self, excuses: Excuses) -> None:
        """Raises Broken at the first that is neither opened nor withheld, or opened though it was erased."""
        for at, place in self._places.items():
            if at not in self._opened and at not in self._withheld:
                raise Broken(Code.MEMBER_MISSING, _where(*at))
            if at in self._opened and excuses.is_erased(place.retention, at[0]):
                raise Broken(Code.MEMBER_UNEXPECTED, _where(*at))


def _where(seq: int, path: str) -> str:
    return f"{OPENINGS} entry {seq} {path}"
