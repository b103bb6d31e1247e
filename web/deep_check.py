"""Binds the deep steps of a verification to what decodes (media) and to what reads C2PA manifests."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.domain.verification import Code, PackageMembers, Problem
from inspection.domain.verification_deep import (
    DeepCheck,
    DeepClaims,
    DeepFacts,
    DeepResult,
    Interval,
    SegmentWords,
    StillClaim,
    StillFinding,
    judge,
)
from inspection.store.package_zip import PlainZip

if TYPE_CHECKING:
    from media.journal.format import JournalHeader
    from media.stills_deep import WantedFrame
    from media.stills_deep_run import DeepJournal, DeepOutcome
    from media.stills_deep_segments import StatedSegment

Progress = Callable[[int, int], None]
"""`(frames decoded, frames to decode)`."""

_RUN = re.compile(r"\.([0-9]+)-([0-9]+)\.ytj")


@dataclass(frozen=True, slots=True)
class _Member:
    """A journal member: of which track, and which of its segments (None: all)."""

    name: str
    track: dict[str, Any]
    run: tuple[int, int] | None

    def holds(self, segment: SegmentWords) -> bool:
        return self.run is None or self.run[0] <= segment.said["index"] <= self.run[1]


def deep_check(
    path: Path,
    roots_pem: Sequence[bytes] = (),
    workers: int | None = None,
    progress: Progress = lambda done, whole: None,
) -> DeepCheck:
    """The deep steps over the package at `path`. roots_pem: whose pictures are trusted. workers: processes."""

    def check(members: PackageMembers, claims: DeepClaims) -> DeepResult:
        from media.stills_deep_run import DeepCheckError

        try:
            with tempfile.TemporaryDirectory(prefix="yuntakan-deep-") as scratch:
                facts = _facts(members, claims, path, Path(scratch), workers, progress)
            _read_credentials(members, claims, roots_pem, facts)
        except (DeepCheckError, OSError) as error:
            return DeepResult(Problem(Code.NOT_VERIFIABLE, f"journal/: {error}"))
        return judge(claims, facts)

    return check


def _facts(
    members: PackageMembers, claims: DeepClaims, path: Path, scratch: Path, workers: int | None, progress: Progress
) -> DeepFacts:
    from media.stills_deep_run import check_journals

    there = list(_journal_members(members, claims))
    journals = [_journal(members, member, claims, path, scratch) for member in there]
    outcome = check_journals(journals, workers, progress) if journals else None
    facts = DeepFacts(segments=sum(len(each.segments) for each in journals))
    if outcome is not None:
        _take_outcome(facts, there, journals, outcome)
    return facts


def _journal_members(members: PackageMembers, claims: DeepClaims) -> Iterator[_Member]:
    """In the order of the tracks' entries, runs in the order of their segments."""
    names = members.names()
    for track_id, track in claims.tracks.items():
        stem = f"journal/{track['session_id']}/{track_id}"
        if f"{stem}.ytj" in names:
            yield _Member(f"{stem}.ytj", dict(track), None)
            continue
        runs = [(name, _RUN.fullmatch(name[len(stem) :])) for name in names if name.startswith(f"{stem}.")]
        found = [(int(run[1]), int(run[2]), name) for name, run in runs if run is not None]
        for first, last, name in sorted(found):
            yield _Member(name, dict(track), (first, last))


def _journal(members: PackageMembers, member: _Member, claims: DeepClaims, path: Path, scratch: Path) -> DeepJournal:
    from media.journal.slice import JournalSlice
    from media.stills_deep_run import DeepJournal

    track_id = member.track["track_id"]
    segments = _in_order([each for each in claims.segments.get(track_id, ()) if member.holds(each)])
    offset = members.stored_offset(member.name) if isinstance(members, PlainZip) else None
    if offset is None:
        path, offset = _unpacked(members, member.name, scratch), 0
    begins = segments[0].offset if segments else 0
    wanted = [_wanted(still, claims.seeds.get(still.seq)) for still in claims.stills if _is_of(still, track_id)]
    source = JournalSlice(path, offset, members.size_bytes(member.name), begins)
    return DeepJournal(_header(member.track), source, tuple(segments), tuple(wanted))


def _unpacked(members: PackageMembers, name: str, scratch: Path) -> Path:
    path = scratch / name.replace("/", "_")
    with path.open("wb") as file:
        file.writelines(members.chunks(name))
    return path


def _is_of(still: StillClaim, track_id: str) -> bool:
    return bool(still.said["track_id"] == track_id)


def _header(track: dict[str, Any]) -> JournalHeader:
    from media.journal.format import JournalHeader

    keys = ("session_id", "track_id", "participant_id", "role", "kind", "codec", "clock_rate")
    return JournalHeader(**{key: track[key] for key in keys}, payload_type=0, ssrc=0, created_us=0)


def _in_order(segments: list[SegmentWords]) -> list[StatedSegment]:
    """By offset; what is stated twice counts once."""
    from inspection.domain.instants import parse_rfc3339, to_unix_us
    from media.stills_deep_segments import StatedSegment

    stated: dict[int, StatedSegment] = {}
    for segment in segments:
        said = segment.said
        numbers = {key: said[key] for key in ("offset", "length", "first_rtp", "last_rtp", "packets", "frames", "lost")}
        times = {f"{key}_ms": to_unix_us(parse_rfc3339(said[f"{key}_at"])) // 1000 for key in ("started", "ended")}
        stated.setdefault(said["offset"], StatedSegment(number=segment.seq, **numbers, **times))
    return [stated[offset] for offset in sorted(stated)]


def _wanted(still: StillClaim, seed: str | None) -> WantedFrame:
    from media.stills_deep import WantedFrame

    said = still.said
    keys = ("frame_index", "rtp_timestamp", "width", "height", "encoded_sha256", "i420_sha256")
    root = said.get("tiles_root")
    tiles = (root, bytes.fromhex(seed)) if root is not None and seed is not None else None
    return WantedFrame(number=still.seq, arrival_ms=still.arrival_ms, tiles=tiles, **{key: said[key] for key in keys})


def _take_outcome(facts: DeepFacts, there: list[_Member], journals: list[DeepJournal], outcome: DeepOutcome) -> None:
    for member, journal, survey, found in zip(there, journals, outcome.surveys, outcome.found, strict=True):
        track = member.track
        facts.wrong_segments += [(member.name, seq) for seq in survey.wrong_segments]
        facts.frames += survey.frames.frames
        facts.decodable += survey.frames.decodable
        if track["kind"] == "video":
            facts.pauses += [Interval(track["session_id"], track["track_id"], *pause) for pause in survey.pauses]
        for wanted in journal.wanted:
            finding = _finding(found[wanted.number].value, whole=member.run is None)
            if facts.found.get(wanted.number, StillFinding.OUT_OF_REACH) is StillFinding.OUT_OF_REACH:
                facts.found[wanted.number] = finding


def _finding(found: str, *, whole: bool) -> StillFinding:
    """A journal that is there in part shows neither that a frame is missing nor where it ends."""
    finding = StillFinding(found)
    if whole and finding is StillFinding.OUT_OF_REACH:
        return StillFinding.BEYOND_END
    if not whole and finding is StillFinding.FRAME_MISSING:
        return StillFinding.OUT_OF_REACH
    return finding


def _read_credentials(
    members: PackageMembers, claims: DeepClaims, roots_pem: Sequence[bytes], facts: DeepFacts
) -> None:
    from inspection.domain.verification_deep import CredentialFinding
    from inspection.store.content_credentials import MAX_JPEG_BYTES, CredentialReader, inspection_assertion

    names = set(members.names())
    copies = [(still, f"stills_c2pa/{still.still_id}.jpg") for still in claims.stills]
    copies = [(still, name) for still, name in copies if name in names]
    reader = CredentialReader(roots_pem) if copies else None
    for still, name in copies:
        assert reader is not None
        if members.size_bytes(name) > MAX_JPEG_BYTES:
            facts.credentials[still.seq] = CredentialFinding.INVALID
            continue
        assertion = inspection_assertion(claims.inspection_id, still.seq, still.entry_hash, still.said)
        facts.credentials[still.seq] = reader.check(b"".join(members.chunks(name)), assertion)
