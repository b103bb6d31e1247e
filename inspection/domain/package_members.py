"""Which members a package has to hold: what its ledger names, without what its manifest says is withheld.

The writer asks it what to put in, the verifier what has to be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from inspection.domain.package_manifest import MANIFEST
from inspection.domain.package_withheld import MEDIA_CLASS, Excuses, Withheld
from inspection.domain.verification import Broken, Code
from inspection.domain.verification_artefacts import Attested, FileClaim, JournalClaim, SegmentClaim

REDACTED_SUFFIX, TILES_SUFFIX = "redacted.png", "tiles.json"


@dataclass(frozen=True, slots=True)
class JournalRun:
    """Segments of a journal that stand in a member one after the other, from `segments[0].offset` on."""

    member: str
    claim: JournalClaim
    segments: tuple[SegmentClaim, ...]

    @property
    def offset(self) -> int:
        """Where the run begins in the journal."""
        return self.segments[0].offset

    @property
    def size_bytes(self) -> int:
        """Its length, and the member's."""
        return sum(segment.length for segment in self.segments)

    @property
    def seq(self) -> int:
        """The first entry that names it."""
        return min(segment.seq for segment in self.segments)


@dataclass(frozen=True, slots=True)
class RedactedStill:
    """A still of which some tiles are covered: `picture` and `tiles` are members in place of the still's own."""

    claim: FileClaim
    picture: str
    tiles: str
    covered: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What has to be there, in the order of the entries that name it."""

    runs: tuple[JournalRun, ...]
    files: tuple[FileClaim, ...]
    redacted: tuple[RedactedStill, ...]
    erased: frozenset[str] = frozenset()
    """Those of these members of which an entry says that they were erased."""

    def named(self) -> list[tuple[str, int]]:
        """Each member with the first entry that names it, in the order of entries."""
        found = [(run.member, run.seq) for run in self.runs] + [(one.member, one.seq) for one in self.files]
        found += [(name, one.claim.seq) for one in self.redacted for name in (one.picture, one.tiles)]
        return sorted(found, key=lambda named: named[1])


def expected_members(
    attested: Attested,
    withheld: Sequence[Withheld],
    audience: str,
    withhold_opening: Callable[[Withheld, int], None] = lambda one, place: None,
) -> Expected:
    """Raises Broken where something withheld has no excuse (`member_missing`) or is nothing that the ledger names.

    Openings and their excuses are another's to judge: `withhold_opening` is told each with its place in the manifest.
    """
    plan = _Plan(withheld)
    recorded = sorted(attested.recorded(), key=lambda claim: min(segment.seq for segment in claim.segments))
    runs = [run for claim in recorded for run in plan.runs(claim)]
    files: list[FileClaim] = []
    redacted: list[RedactedStill] = []
    for claim in sorted(attested.files.values(), key=lambda one: one.seq):
        if plan.is_withheld(claim):
            continue
        tiles = plan.find_tiles(claim)
        if tiles is None:
            files.append(claim)
        else:
            stem = claim.member.removesuffix("jpg")
            redacted.append(RedactedStill(claim, stem + REDACTED_SUFFIX, stem + TILES_SUFFIX, tiles))
    excuses = Excuses(audience, attested.erased_at)
    for place, one in enumerate(withheld):
        if one.kind == "opening" and (one.rule != "redacted" or excuses.holds_for_opening(one, None)):
            withhold_opening(one, place)
        elif one.kind == "opening" or not excuses.holds_for_file(one, _last_seq(attested, one)):
            raise Broken(Code.MEMBER_MISSING, f"{MANIFEST} withheld {place}")
        elif place not in plan.used:
            raise Broken(Code.MEMBER_UNEXPECTED, f"{MANIFEST} withheld {place}")
    return Expected(tuple(runs), tuple(files), tuple(redacted), _erased(excuses, runs, files, redacted))


def _last_seq(attested: Attested, one: Withheld) -> int:
    """The last entry that names it; 0 where none does."""
    if one.track is not None:
        claim = attested.journals.get(one.track)
        return claim.last_seq if claim is not None and claim.session_id == one.session else 0
    file = attested.files.get(one.name or "" if one.still is None else f"stills/{one.still}.jpg")
    return 0 if file is None else file.seq


def _erased(
    excuses: Excuses, runs: Sequence[JournalRun], files: Sequence[FileClaim], redacted: Sequence[RedactedStill]
) -> frozenset[str]:
    found = [(run.member, run.claim.last_seq) for run in runs]
    found += [(one.member, one.seq) for one in files if one.code is not Code.TIMESTAMP_DIGEST]
    found += [(name, one.claim.seq) for one in redacted for name in (one.picture, one.tiles)]
    return frozenset(name for name, last_seq in found if excuses.is_erased(MEDIA_CLASS, last_seq))


class _Plan:
    """Looks up what is withheld, and knows which of it names something."""

    def __init__(self, withheld: Sequence[Withheld]) -> None:
        self._withheld = list(enumerate(withheld))
        self.used: set[int] = set()

    def runs(self, claim: JournalClaim) -> Iterator[JournalRun]:
        """The runs of a journal that are not withheld."""
        segments = claim.in_order()
        if self._find("track", session=claim.session_id, track=claim.track_id) is not None:
            return
        ranges = self._ranges(claim, len(segments))
        if not ranges:
            yield JournalRun(claim.member, claim, tuple(segments))
            return
        first = 0
        for start, end in (*ranges, (len(segments), len(segments))):
            if first < start:
                name = f"{claim.member.removesuffix('.ytj')}.{first}-{start - 1}.ytj"
                yield JournalRun(name, claim, tuple(segments[first:start]))
            first = end + 1

    def is_withheld(self, claim: FileClaim) -> bool:
        """Whether nothing of it is there."""
        if claim.still_id is not None:
            return self._find("still", still=claim.still_id) is not None
        return self._find("file", name=claim.member) is not None

    def find_tiles(self, claim: FileClaim) -> tuple[int, ...] | None:
        """The covered tiles of a redacted still."""
        if claim.still_id is None:
            return None
        found = self._find("still_tiles", still=claim.still_id)
        return found.tiles if found is not None else None

    def _ranges(self, claim: JournalClaim, count: int) -> list[tuple[int, int]]:
        """In order, apart, within the journal, and never all of it; what is not so is left unused."""
        found: list[tuple[int, int]] = []
        used: set[int] = set()
        for place, one in self._withheld:
            mine = (one.kind, one.session, one.track) == ("journal", claim.session_id, claim.track_id)
            if mine and one.from_index is not None and one.to_index is not None:
                if (found[-1][1] if found else -1) < one.from_index <= one.to_index < count:
                    found.append((one.from_index, one.to_index))
                    used.add(place)
        if sum(end - start + 1 for start, end in found) == count:
            return []
        self.used |= used
        return found

    def _find(self, kind: str, **named: str) -> Withheld | None:
        for place, one in self._withheld:
            if one.kind == kind and all(getattr(one, key) == value for key, value in named.items()):
                self.used.add(place)
                return one
        return None
