"""What the ledger says about artefacts, and steps that hold the artefacts against it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from inspection.domain.entry import Entry
from inspection.domain.instants import parse_rfc3339
from inspection.domain.package_manifest import is_plain_name
from inspection.domain.verification import Broken, Code
from inspection.domain.verification_lines import where_entry


@dataclass(frozen=True, slots=True)
class SegmentClaim:
    """A range of a journal with its digests, as entry `seq` says."""

    seq: int
    index: int
    offset: int
    length: int
    sha256: str
    running_sha256: str


@dataclass(frozen=True, slots=True)
class TornClaim:
    """Bytes from `offset` on that entry `seq` names as no record: cut off, or kept in place."""

    seq: int
    offset: int
    size_bytes: int
    is_kept: bool


@dataclass(slots=True)
class JournalClaim:
    """All that is said about one track's journal."""

    session_id: str
    track_id: str
    source: str
    segments: list[SegmentClaim] = field(default_factory=list)
    torn: list[TornClaim] = field(default_factory=list)

    @property
    def member(self) -> str:
        """Its name in a package."""
        return f"journal/{self.session_id}/{self.track_id}.ytj"

    @property
    def last_seq(self) -> int:
        """The last entry that names a segment of it; 0 without any."""
        return max((segment.seq for segment in self.segments), default=0)

    @property
    def attested_bytes(self) -> int:
        """Up to where entries speak of it."""
        return max((segment.offset + segment.length for segment in self.segments), default=0)

    def names_tail(self, size_bytes: int) -> bool:
        """Whether an entry names exactly the bytes between what is attested and the end of a file of that size.

        They are there where they were kept, or where a crash came between the entry and the cut.
        """
        start = self.attested_bytes
        return any(torn.offset == start and start + torn.size_bytes == size_bytes for torn in self.torn)

    def in_order(self) -> list[SegmentClaim]:
        """By offset; a range that is stated twice in the same words counts once."""
        seen: dict[tuple[int, int, str, str], SegmentClaim] = {}
        for segment in self.segments:
            seen.setdefault((segment.offset, segment.length, segment.sha256, segment.running_sha256), segment)
        return sorted(seen.values(), key=lambda segment: (segment.offset, segment.length))


@dataclass(frozen=True, slots=True)
class FileClaim:
    """A still, an uploaded picture or a token; `source` is its path in the inspection's evidence folder.

    `still_id`, `tiles_root` and `size_px` (width, height) are a still's.
    """

    seq: int
    member: str
    source: str
    sha256: str
    size_bytes: int | None
    code: Code
    still_id: str | None = None
    tiles_root: str | None = None
    size_px: tuple[int, int] = (0, 0)


KEPT_KINDS = (
    "timestamp", "timestamp_failed", "challenge", "clock", "phone_clock", "page_key", "signatures", "erased", "hold",
)  # fmt: skip


@dataclass(slots=True)
class Attested:
    """Everything that the entries seen so far say about artefacts and people; see `take`."""

    journals: dict[str, JournalClaim] = field(default_factory=dict)
    files: dict[str, FileClaim] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    gap_ms: dict[str, int] = field(default_factory=dict)
    """How long gaps of each cause lasted together."""
    first_at: str | None = None
    last_at: str | None = None
    backward: int = 0
    """How often an entry's time lies before that of the entry before."""
    opened: dict[str, Any] = field(default_factory=dict)
    erased_at: dict[str, int] = field(default_factory=dict)
    """By retention class: the last entry that says it was erased."""
    told: dict[str, list[Entry]] = field(default_factory=dict)
    """Entries of the kinds in `KEPT_KINDS`, for steps of their own."""
    challenge_stills: dict[str, int] = field(default_factory=dict)
    """By challenge: the number of the last still that shows it."""

    def take(self, entry: Entry) -> None:
        """Adds what one entry says. Raises Broken where it names impossible members."""
        self.counts[entry.kind] = self.counts.get(entry.kind, 0) + 1
        self.first_at = self.first_at or entry.at
        self.backward += self.last_at is not None and entry.at < self.last_at
        self.last_at = entry.at
        if entry.kind in KEPT_KINDS:
            self.told.setdefault(entry.kind, []).append(entry)
        taker = _TAKERS.get(entry.kind)
        if taker is not None:
            taker(self, entry)

    def journal(self, entry: Entry, session_id: str, track_id: str) -> JournalClaim:
        """The claim about a track's journal, made on first sight."""
        _require_plain(entry, f"journal/{session_id}/{track_id}.ytj")
        source = f"{session_id}/journal/{track_id}.ytj"
        return self.journals.setdefault(track_id, JournalClaim(session_id, track_id, source))

    def all_claims(self) -> list[JournalClaim | FileClaim]:
        """Every file that entries speak of, journals without a segment too."""
        return [*self.journals.values(), *self.files.values()]

    def recorded(self) -> list[JournalClaim]:
        """Journals of which at least a segment is attested."""
        return [claim for claim in self.journals.values() if claim.segments]


def _take_track(attested: Attested, entry: Entry) -> None:
    claim = attested.journal(entry, entry.payload["session_id"], entry.payload["track_id"])
    claim.source = f"{claim.session_id}/{entry.payload['journal']}"


def _take_segment(attested: Attested, entry: Entry) -> None:
    said = entry.payload
    claim = attested.journal(entry, said["session_id"], said["track_id"])
    if claim.session_id != said["session_id"]:
        raise Broken(Code.LEDGER_UNPARSABLE, where_entry(entry.seq))
    claim.segments.append(
        SegmentClaim(
            entry.seq,
            said["index"],
            said["offset"],
            said["length"],
            said["sha256"],
            said["running_sha256"],
        )
    )


def _take_torn(attested: Attested, entry: Entry) -> None:
    said = entry.payload
    claim = attested.journals.get(said["track_id"])
    if claim is None and said.get("session_id") is not None:
        claim = attested.journal(entry, said["session_id"], said["track_id"])
    if claim is not None:
        claim.torn.append(TornClaim(entry.seq, said["offset"], said["bytes"], said.get("kept") is True))


def _take_gap(attested: Attested, entry: Entry) -> None:
    said = entry.payload
    length = parse_rfc3339(said["ended_at"]) - parse_rfc3339(said["started_at"])
    cause_ms = attested.gap_ms.get(said["cause"], 0)
    attested.gap_ms[said["cause"]] = cause_ms + max(0, round(length.total_seconds() * 1000))


def _take_still(attested: Attested, entry: Entry) -> None:
    said = entry.payload
    if said.get("challenge_id") is not None:
        attested.challenge_stills[said["challenge_id"]] = entry.seq
    member = f"stills/{said['still_id']}.jpg"
    _take_file(
        attested,
        entry,
        FileClaim(
            entry.seq,
            member,
            said["file"],
            said["jpeg_sha256"],
            said["jpeg_bytes"],
            Code.STILL_DIGEST,
            said["still_id"],
            said.get("tiles_root"),
            (said["width"], said["height"]),
        ),
    )


def _take_rectification(attested: Attested, entry: Entry) -> None:
    said = entry.payload
    if said.get("file") is None:
        return
    if said.get("sha256") is None:
        raise Broken(Code.LEDGER_UNPARSABLE, where_entry(entry.seq))
    extension = said["file"].rpartition(".")[2]
    member = f"rectifications/{said['rectification_id']}.{extension}"
    _take_file(attested, entry, FileClaim(entry.seq, member, said["file"], said["sha256"], None, Code.FILE_DIGEST))


def _take_timestamp(attested: Attested, entry: Entry) -> None:
    said = entry.payload
    claim = FileClaim(entry.seq, said["file"], said["file"], said["token_sha256"], None, Code.TIMESTAMP_DIGEST)
    if not claim.member.startswith("timestamps/"):
        raise Broken(Code.LEDGER_UNPARSABLE, where_entry(entry.seq))
    _take_file(attested, entry, claim)


def _take_erased(attested: Attested, entry: Entry) -> None:
    attested.erased_at.update(dict.fromkeys(entry.payload["classes"], entry.seq))


def _take_file(attested: Attested, entry: Entry, claim: FileClaim) -> None:
    _require_plain(entry, claim.member)
    if claim.member in attested.files:
        raise Broken(Code.LEDGER_UNPARSABLE, f"{where_entry(entry.seq)}: {claim.member} stands twice")
    attested.files[claim.member] = claim


def _take_session(attested: Attested, entry: Entry) -> None:
    attested.sessions[entry.payload["session_id"]] = entry.payload["nature"]


def _take_opened(attested: Attested, entry: Entry) -> None:
    attested.opened = entry.payload


def _require_plain(entry: Entry, member: str) -> None:
    if not is_plain_name(member):
        raise Broken(Code.LEDGER_UNPARSABLE, where_entry(entry.seq))


_TAKERS = {
    "opened": _take_opened,
    "session_created": _take_session,
    "track": _take_track,
    "segment": _take_segment,
    "recovered": _take_segment,
    "torn": _take_torn,
    "gap": _take_gap,
    "still": _take_still,
    "rectification": _take_rectification,
    "timestamp": _take_timestamp,
    "erased": _take_erased,
}


def check_file(claim: FileClaim, size_bytes: int, chunks: Iterable[bytes]) -> str:
    """Its SHA-256. Raises Broken unless it is what the entry says."""
    found = hashlib.sha256()
    for chunk in chunks:
        found.update(chunk)
    wrong_size = claim.size_bytes is not None and claim.size_bytes != size_bytes
    if wrong_size or found.hexdigest() != claim.sha256:
        raise Broken(claim.code, f"{claim.member} entry {claim.seq}")
    return claim.sha256
