"""What the ledger says about page-signed frames, held against what a count of the journal shows.

Counting needs the media plane's reading of packets: it comes through a port, and is described in docs/evidence.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from inspection.domain.entry import Entry
from inspection.domain.package_manifest import strict_base64
from inspection.domain.verification import Broken, Code, Statement


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What a range of frames shows."""

    frames: int = 0
    signed: int = 0
    broken: int = 0
    missing_counters: int = 0
    clock_jumps: int = 0

    def __add__(self, other: FrameFacts) -> FrameFacts:
        return FrameFacts(
            self.frames + other.frames,
            self.signed + other.signed,
            self.broken + other.broken,
            self.missing_counters + other.missing_counters,
            self.clock_jumps + other.clock_jumps,
        )


@dataclass(frozen=True, slots=True)
class RangeClaim:
    """What entry `seq` says about the frames from one to another, both included."""

    seq: int
    from_index: int
    to_index: int
    facts: FrameFacts


@dataclass(slots=True)
class SignedTrack:
    """A video track of the applicant. `public_keys`: raw, of the pages of the same participant in the session."""

    session_id: str
    track_id: str
    public_keys: tuple[bytes, ...] = ()
    claims: list[RangeClaim] = field(default_factory=list)

    @property
    def member(self) -> str:
        """Its journal in a package, unless that is split."""
        return f"journal/{self.session_id}/{self.track_id}.ytj"


@dataclass(frozen=True, slots=True)
class TrackCounted:
    """What the journal shows: of all its frames, and of each claim's range (None where it does not reach as far)."""

    total: FrameFacts
    ranges: tuple[FrameFacts | None, ...]


CountFrames = Callable[[SignedTrack, Iterable[bytes], bool], TrackCounted]
"""`(track, chunks of its journal from byte 0, whether that is all of it)`; counts as docs/evidence.md says."""


class FrameClaims:
    """Collects what entries say; see `take`."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, str], list[bytes]] = {}
        self._participants: dict[str, tuple[str, str]] = {}
        self._claims: dict[str, list[RangeClaim]] = {}
        self._orphan: str | None = None

    def take(self, entry: Entry) -> None:
        """Adds what one entry says."""
        said = entry.payload
        if entry.kind == "page_key":
            public_key = strict_base64(said["public_key"])
            if public_key is not None:
                self._keys.setdefault((said["session_id"], said["participant_id"]), []).append(public_key)
        elif entry.kind == "track" and (said["role"], said["kind"]) == ("applicant", "video"):
            self._participants.setdefault(said["track_id"], (said["session_id"], said["participant_id"]))
        elif entry.kind == "signatures":
            facts = FrameFacts(
                said["frames"], said["signed"], said["broken"], said["missing_counters"], said["clock_jumps"]
            )  # fmt: skip
            claim = RangeClaim(entry.seq, said["from_index"], said["to_index"], facts)
            self._claims.setdefault(said["track_id"], []).append(claim)
            if self._participants.get(said["track_id"], ("", ""))[0] != said["session_id"]:
                member = f"journal/{said['session_id']}/{said['track_id']}.ytj"
                self._orphan = self._orphan or f"{member} entry {entry.seq}"

    def tracks(self) -> list[SignedTrack]:
        """The applicant's video tracks, in the order of their entries. Raises Broken for claims about any other."""
        if self._orphan is not None:
            raise Broken(Code.FRAME_SIGNATURE, self._orphan)
        return [
            SignedTrack(session_id, track_id, tuple(self._keys.get(of, ())), self._claims.get(track_id, []))
            for track_id, of in self._participants.items()
            for session_id in of[:1]
        ]

    @property
    def declared(self) -> FrameFacts:
        """What all entries say together."""
        return sum((claim.facts for claims in self._claims.values() for claim in claims), FrameFacts())


def require_claims(track: SignedTrack, counted: TrackCounted, is_whole: bool) -> int:
    """How many claims a journal that is not whole leaves open. Raises Broken where one says more than it shows."""
    unchecked, behind = 0, -1
    for claim, found in zip(track.claims, counted.ranges, strict=True):
        in_place = behind < claim.from_index <= claim.to_index
        behind = max(behind, claim.to_index)
        if found is None and in_place and not is_whole:
            unchecked += 1
        elif not in_place or found is None or _says_more(claim, found):
            raise Broken(Code.FRAME_SIGNATURE, f"{track.member} entry {claim.seq}")
    return unchecked


def _says_more(claim: RangeClaim, found: FrameFacts) -> bool:
    said = claim.facts
    return (
        said.frames != claim.to_index - claim.from_index + 1
        or said.signed > found.signed
        or said.broken < found.broken
        or said.missing_counters < found.missing_counters
        or said.clock_jumps < found.clock_jumps
    )


def share_signed(facts: FrameFacts) -> str:
    """Percent with one decimal, rounded down."""
    tenths = facts.signed * 1000 // max(1, facts.frames)
    return f"{tenths // 10}.{tenths % 10}"


def frame_statements(facts: FrameFacts, unchecked: int = 0) -> Sequence[Statement]:
    """What a verdict says of all the applicant's video together."""
    if not facts.frames:
        return ()
    if not facts.signed and not facts.broken:
        return (Statement("frames_unsigned"),)
    said = [Statement("frames_signed", {"share": share_signed(facts), "signed": facts.signed, "frames": facts.frames})]
    if facts.broken or facts.missing_counters or facts.clock_jumps:
        numbers = {"broken": facts.broken, "missing": facts.missing_counters, "jumps": facts.clock_jumps}
        said.append(Statement("frames_odd", numbers))
    if unchecked:
        said.append(Statement("frames_unchecked", {"count": unchecked}))
    return said
