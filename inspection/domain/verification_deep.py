"""The deep steps of a verification: stills found again in the recording, counts of segments, signed copies of stills.

What decodes lies outside: `DeepCheck` is the port, `DeepClaims` what entries say, `judge` what follows from its facts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from inspection.domain.entry import Entry
from inspection.domain.instants import parse_rfc3339, to_unix_us
from inspection.domain.verification import Code, PackageMembers, Problem, Statement

#: A session's recording is in the ledger this long after its end at the latest, while the server runs.
SETTLED_AFTER = timedelta(minutes=10)
SEED_PATH = "/payload/tiles_seed"
_SEED = re.compile(r"[0-9a-f]{64}")


class StillFinding(StrEnum):
    """What became of a still's claim about a frame of the recording."""

    SAME = "same"
    FRAME_MISSING = "frame_missing"
    ENCODED_DIFFERS = "encoded_differs"
    PIXELS_DIFFER = "pixels_differ"
    TILES_DIFFER = "tiles_differ"
    #: The journal is whole and ends before it; or it is only there in part.
    BEYOND_END = "beyond_end"
    OUT_OF_REACH = "out_of_reach"


class CredentialFinding(StrEnum):
    """What a reader said of the C2PA manifest in a copy of a still."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    INVALID = "invalid"


_CODES = {
    StillFinding.FRAME_MISSING: Code.STILL_FRAME_MISSING,
    StillFinding.ENCODED_DIFFERS: Code.STILL_ENCODED,
    StillFinding.PIXELS_DIFFER: Code.STILL_PIXELS,
    StillFinding.TILES_DIFFER: Code.STILL_TILES,
}


@dataclass(frozen=True, slots=True)
class StillClaim:
    """A `still` entry: its number, hash and payload."""

    seq: int
    entry_hash: str
    said: Mapping[str, Any]

    @property
    def still_id(self) -> str:
        return str(self.said["still_id"])

    @property
    def where(self) -> str:
        """How a problem names it."""
        return f"stills/{self.still_id} entry {self.seq}"

    @property
    def arrival_ms(self) -> int:
        """When its frame arrived, in unix ms."""
        return _unix_ms(self.said["arrival_at"])


@dataclass(frozen=True, slots=True)
class SegmentWords:
    """A `segment` or `recovered` entry: its number and payload."""

    seq: int
    said: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Interval:
    """Something that entries declare for a session, in unix ms. `track_id` None: of all its tracks."""

    session_id: str
    track_id: str | None
    from_ms: int
    to_ms: int


@dataclass(slots=True)
class DeepClaims:
    """What the entries seen so far say of pictures; see `take`. seeds: of tiles, by seq, from openings."""

    inspection_id: str = ""
    tracks: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    segments: dict[str, list[SegmentWords]] = field(default_factory=dict)
    stills: list[StillClaim] = field(default_factory=list)
    gaps: list[Interval] = field(default_factory=list)
    off: list[Interval] = field(default_factory=list)
    ended: dict[str, datetime] = field(default_factory=dict)
    last_at: datetime | None = None
    seeds: dict[int, str] = field(default_factory=dict)
    _off_since: dict[str, int] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Adds what one entry says; entries come in order and are of their kind's shape."""
        self.inspection_id = entry.inspection
        self.last_at = parse_rfc3339(entry.at)
        taker = _TAKERS.get(entry.kind)
        if taker is not None:
            taker(self, entry)

    def learn(self, seq: int, path: str, value: Any) -> None:
        """An opening that was found to fit; only seeds of tiles are kept."""
        if path == SEED_PATH and isinstance(value, str) and _SEED.fullmatch(value):
            self.seeds[seq] = value

    def is_settled(self, session_id: str) -> bool:
        """Whether nothing of its recording can still be missing from the ledger."""
        ended = self.ended.get(session_id)
        return ended is not None and self.last_at is not None and self.last_at - ended >= SETTLED_AFTER


def _take_track(claims: DeepClaims, entry: Entry) -> None:
    claims.tracks[entry.payload["track_id"]] = entry.payload


def _take_segment(claims: DeepClaims, entry: Entry) -> None:
    claims.segments.setdefault(entry.payload["track_id"], []).append(SegmentWords(entry.seq, entry.payload))


def _take_still(claims: DeepClaims, entry: Entry) -> None:
    claims.stills.append(StillClaim(entry.seq, entry.hash, entry.payload))


def _take_gap(claims: DeepClaims, entry: Entry) -> None:
    said = entry.payload
    span = (_unix_ms(said["started_at"]), _unix_ms(said["ended_at"]))
    claims.gaps.append(Interval(said["session_id"], said.get("track_id"), *span))


def _take_recording(claims: DeepClaims, entry: Entry) -> None:
    session_id, at_ms = entry.payload["session_id"], _unix_ms(entry.at)
    if not entry.payload["on"]:
        claims._off_since.setdefault(session_id, at_ms)
    elif session_id in claims._off_since:
        claims.off.append(Interval(session_id, None, claims._off_since.pop(session_id), at_ms))


def _take_end(claims: DeepClaims, entry: Entry) -> None:
    claims.ended[entry.payload["session_id"]] = parse_rfc3339(entry.at)


_TAKERS = {
    "track": _take_track,
    "segment": _take_segment,
    "recovered": _take_segment,
    "still": _take_still,
    "gap": _take_gap,
    "recording": _take_recording,
    "session_ended": _take_end,
}


@dataclass(slots=True)
class DeepFacts:
    """What decoding gave. found, credentials: by the seq of the still's entry. wrong_segments: (member, seq).

    pauses: stretches in which a video track had no packet. frames, decodable: of video tracks.
    """

    found: dict[int, StillFinding] = field(default_factory=dict)
    credentials: dict[int, CredentialFinding] = field(default_factory=dict)
    wrong_segments: list[tuple[str, int]] = field(default_factory=list)
    segments: int = 0
    pauses: list[Interval] = field(default_factory=list)
    frames: int = 0
    decodable: int = 0


@dataclass(frozen=True, slots=True)
class DeepResult:
    """The first problem in the order of the entries, and what is said besides."""

    problem: Problem | None
    proven: tuple[Statement, ...] = ()
    claimed: tuple[Statement, ...] = ()


DeepCheck = Callable[[PackageMembers, DeepClaims], DeepResult]
"""Raises nothing of its own: what cannot be judged is the problem `not_verifiable`."""


def judge(claims: DeepClaims, facts: DeepFacts) -> DeepResult:
    """What the facts show, beside what the entries say."""
    problem = _first_problem(claims, facts)
    if problem is not None:
        return DeepResult(problem)
    found = sum(finding is StillFinding.SAME for finding in facts.found.values())
    proven = []
    if facts.segments:
        values = {"segments": facts.segments, "frames": facts.frames, "decodable": facts.decodable}
        proven.append(Statement("segments_counted", values))
    if found:
        proven.append(Statement("stills_found", {"count": found}))
    trusted = sum(each is CredentialFinding.TRUSTED for each in facts.credentials.values())
    if trusted:
        proven.append(Statement("credentials_trusted", {"count": trusted}))
    return DeepResult(None, tuple(proven), tuple(_claims(claims, facts, found, trusted)))


def _claims(claims: DeepClaims, facts: DeepFacts, found: int, trusted: int) -> Iterable[Statement]:
    if len(claims.stills) > found:
        yield Statement("stills_out_of_reach", {"count": len(claims.stills) - found})
    if len(facts.credentials) > trusted:
        yield Statement("credentials_untrusted", {"count": len(facts.credentials) - trusted})
    within = sum(any(_holds(gap, still) for gap in claims.gaps) for still in claims.stills)
    if within:
        yield Statement("stills_in_gaps", {"count": within})
    silent = [pause for pause in facts.pauses if not _is_declared(pause, claims)]
    if silent:
        seconds = sum(each.to_ms - each.from_ms for each in silent) / 1000
        yield Statement("pauses_undeclared", {"count": len(silent), "seconds": f"{seconds:.1f}"})


def _first_problem(claims: DeepClaims, facts: DeepFacts) -> Problem | None:
    if facts.wrong_segments:
        member, seq = min(facts.wrong_segments, key=lambda each: each[1])
        return Problem(Code.SEGMENT_COUNTS, f"{member} entry {seq}")
    for still in claims.stills:
        code = _still_code(claims, still, facts.found.get(still.seq))
        if code is not None:
            return Problem(code, still.where)
    for still in claims.stills:
        if facts.credentials.get(still.seq) is CredentialFinding.INVALID:
            return Problem(Code.C2PA_INVALID, f"stills_c2pa/{still.still_id}.jpg entry {still.seq}")
    return None


def _still_code(claims: DeepClaims, still: StillClaim, finding: StillFinding | None) -> Code | None:
    """A frame beyond the recording is only then missing when the recording is complete."""
    if finding is StillFinding.BEYOND_END and claims.is_settled(still.said["session_id"]):
        return Code.STILL_FRAME_MISSING
    return _CODES.get(finding) if finding is not None else None


def _holds(gap: Interval, still: StillClaim) -> bool:
    said = still.said
    return (
        gap.session_id == said["session_id"]
        and gap.track_id in (None, said["track_id"])
        and gap.from_ms < still.arrival_ms < gap.to_ms
    )


def _is_declared(pause: Interval, claims: DeepClaims) -> bool:
    """Whether what entries declare covers all of it but a second."""
    covered = [
        (max(each.from_ms, pause.from_ms), min(each.to_ms, pause.to_ms))
        for each in (*claims.gaps, *claims.off)
        if each.session_id == pause.session_id and each.track_id in (None, pause.track_id)
    ]
    at_ms, open_ms = pause.from_ms, 0
    for from_ms, to_ms in sorted(covered):
        open_ms += max(0, from_ms - at_ms)
        at_ms = max(at_ms, to_ms)
    return open_ms + max(0, pause.to_ms - at_ms) <= 1000


def _unix_ms(instant: str) -> int:
    return to_unix_us(parse_rfc3339(instant)) // 1000
