"""Holds rows against entries, entries against the chain, and files against the digests in the entries.

Nothing is changed. Rows and entries are read in one short transaction and the files afterwards, so that hashing a
long recording blocks no writer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.commitments import ERASED, find_at, opens, pointer
from inspection.domain.entry import Entry
from inspection.domain.findings import Finding
from inspection.domain.key_history import KeyLine
from inspection.domain.observations import Still
from inspection.domain.retention import RetentionClass
from inspection.domain.sessions import Session, SessionState
from inspection.domain.verification import Broken, Code, VerifySignature
from inspection.domain.verification_artefacts import Attested, FileClaim, JournalClaim, check_file
from inspection.domain.verification_ledger import ChainCheck
from inspection.domain.verification_lines import where_entry
from inspection.domain.verification_runs import check_journal
from inspection.services.check_heads import head_faults
from inspection.services.packages import read_ledger
from inspection.services.ports import UnitOfWork

_ALL = 2**31 - 1

Progress = Callable[[int, int], None]
"""`(inspections done, inspections in all)`."""


class EvidenceReader(Protocol):
    """Reads the evidence folder of an inspection; `file` is relative to it."""

    def find_size(self, inspection_id: str, file: str) -> int | None:
        """The length in bytes; None where there is no such file."""
        ...

    def chunks(self, inspection_id: str, file: str, size_bytes: int) -> Iterator[bytes]:
        """The first `size_bytes` of a file."""
        ...

    def files(self, inspection_id: str) -> list[str]:
        """All evidence files; derived and unfinished ones are left out."""
        ...


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something that does not fit, or is worth knowing: `code` is one of verification's, or one that is named below."""

    inspection_id: str
    code: str
    where: str


@dataclass(slots=True)
class CheckReport:
    """What was looked at, what does not fit, and what entries name as cut off or unreadable after a crash."""

    inspections: int = 0
    entries: int = 0
    files: int = 0
    size_bytes: int = 0
    mismatches: list[Mismatch] = field(default_factory=list)
    torn: list[Mismatch] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether everything fits."""
        return not self.mismatches


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the database says about one inspection."""

    entries: tuple[Entry, ...]
    sessions: list[Session]
    stills: list[Still]
    findings: list[Finding]
    visit_ids: set[str]
    has_opinion: bool
    keys: tuple[KeyLine, ...]
    checkpoints: tuple[Checkpoint, ...]


async def check(
    reading: Callable[[], AbstractAsyncContextManager[UnitOfWork]],
    evidence: EvidenceReader,
    public_key: bytes,
    verify: VerifySignature,
    inspection_id: str | None = None,
    progress: Progress = lambda done, whole: None,
) -> CheckReport:
    """Checks one inspection, or all. Raises not_found for an unknown one."""
    ids = [inspection_id] if inspection_id is not None else await _all_ids(reading)
    report = CheckReport()
    for number, one_id in enumerate(ids):
        progress(number, len(ids))
        async with reading() as uow:
            rows = await _read_rows(uow, one_id)
        keys = tuple(line.public_key for line in rows.keys) or (public_key,)
        chain = ChainCheck(one_id, keys, verify)
        await asyncio.to_thread(_check_one, one_id, rows, evidence, chain, verify, report)
    progress(len(ids), len(ids))
    return report


async def _all_ids(reading: Callable[[], AbstractAsyncContextManager[UnitOfWork]]) -> list[str]:
    async with reading() as uow:
        return [inspection.id for inspection in await uow.inspections.list(None)]


async def _read_rows(uow: UnitOfWork, inspection_id: str) -> _Rows:
    inspection = await uow.inspections.find(inspection_id)
    return _Rows(
        entries=await read_ledger(uow, inspection_id),
        sessions=await uow.sessions.list(inspection_id),
        stills=await uow.stills.list(inspection_id),
        findings=await uow.findings.list(inspection_id),
        visit_ids={visit.id for visit in await uow.visits.list(inspection_id)},
        has_opinion=inspection is not None and inspection.opinion is not None,
        keys=tuple(await uow.keys.list()),
        checkpoints=tuple(await uow.checkpoints.list(inspection_id, 0, _ALL)),
    )


def _check_one(
    inspection_id: str,
    rows: _Rows,
    evidence: EvidenceReader,
    chain: ChainCheck,
    verify: VerifySignature,
    report: CheckReport,
) -> None:
    attested, found = _chain(rows.entries, chain)
    found += head_faults(rows.checkpoints, rows.entries, rows.keys, verify)
    found += _openings(rows.entries)
    found += _rows_against(rows)
    found += _artefacts(inspection_id, attested, rows, evidence, report)
    report.inspections += 1
    report.entries += len(rows.entries)
    report.mismatches += [Mismatch(inspection_id, code, where) for code, where in found]
    report.torn += [Mismatch(inspection_id, code, where) for code, where in _torn(attested)]


Found = tuple[str, str]


def _chain(entries: Iterable[Entry], chain: ChainCheck) -> tuple[Attested, list[Found]]:
    """What the entries say; the first break of the chain, behind which places cannot be judged."""
    attested, found = Attested(), list[Found]()
    for entry in entries:
        try:
            if not found:
                chain.fields(entry.to_json())
            attested.take(entry)
        except Broken as broken:
            found.append((broken.problem.code, broken.problem.where))
    return attested, found


def _openings(entries: Iterable[Entry]) -> list[Found]:
    """`opening_digest`, and `opening_missing` where nothing was erased that would explain it."""
    kept = tuple(entries)
    erased = _erased_at(kept)
    return [found for entry in kept for found in _openings_of(entry, erased)]


def _openings_of(entry: Entry, erased: Mapping[str, int]) -> Iterator[Found]:
    for place in entry.personal_places():
        path = pointer(place.path)
        held = entry.openings.get(path)
        if held is None:
            if entry.seq > erased.get(place.retention.value, 0):
                yield "opening_missing", f"{where_entry(entry.seq)} {path}"
        elif not opens(find_at(entry.to_json(), path), held):
            yield "opening_digest", f"{where_entry(entry.seq)} {path}"


def _erased_at(entries: Iterable[Entry]) -> dict[str, int]:
    """By class, the last entry that says it was erased."""
    acts = [entry for entry in entries if entry.kind == "erased"]
    return {name: entry.seq for entry in acts for name in entry.payload["classes"]}


def _rows_against(rows: _Rows) -> list[Found]:
    """`row_without_entry`, `entry_without_row`, `row_differs`."""
    return [
        *_same_ids("session", {one.id for one in rows.sessions}, _named(rows, "session_created", "session_id")),
        *_same_ids("still", {one.id for one in rows.stills}, _named(rows, "still", "still_id")),
        *_same_ids("finding", {one.id for one in rows.findings}, _named(rows, "finding", "finding_id")),
        *_same_ids("rectification", _answer_ids(rows), _named(rows, "rectification", "rectification_id")),
        *_same_ids("site_visit", rows.visit_ids, _named(rows, "site_visit", "visit_id")),
        *_same_ids("opinion", {"opinion"} if rows.has_opinion else set(), _given(rows)),
        *_different(rows),
    ]


def _same_ids(what: str, in_rows: set[str], in_entries: set[str]) -> list[Found]:
    return [
        *(("row_without_entry", f"{what} {one}") for one in sorted(in_rows - in_entries)),
        *(("entry_without_row", f"{what} {one}") for one in sorted(in_entries - in_rows)),
    ]


def _named(rows: _Rows, kind: str, key: str) -> set[str]:
    return {entry.payload[key] for entry in rows.entries if entry.kind == kind and key in entry.payload}


def _answer_ids(rows: _Rows) -> set[str]:
    return {answer.id for finding in rows.findings for answer in finding.rectifications}


def _given(rows: _Rows) -> set[str]:
    return {"opinion"} if any(entry.kind == "opinion" for entry in rows.entries) else set()


def _different(rows: _Rows) -> list[Found]:
    """Rows whose words or digests are not those of their entry."""
    said = {entry.payload.get("still_id"): entry.payload for entry in rows.entries if entry.kind == "still"}
    raised = [entry for entry in rows.entries if entry.kind == "finding"]
    worded = {entry.payload.get("finding_id"): entry.opened_payload() for entry in raised}
    stills = [
        ("row_differs", f"still {one.id}")
        for one in rows.stills
        if one.id in said and (one.jpeg_sha256, one.file) != (said[one.id]["jpeg_sha256"], said[one.id]["file"])
    ]
    findings = [
        ("row_differs", f"finding {one.id}")
        for one in rows.findings
        if one.id in worded and _differs(one, worded[one.id])
    ]
    return stills + findings


_FINDING_KEYS = ("text", "clause", "severity", "due_date")


def _differs(finding: Finding, said: Mapping[str, Any]) -> bool:
    """What was erased says nothing."""
    there = {key: said.get(key) for key in _FINDING_KEYS if said.get(key) != ERASED}
    return {key: word for key, word in _finding_words(finding).items() if key in there} != there


def _finding_words(finding: Finding) -> dict[str, str]:
    """As its entry says them."""
    due_date = finding.due_date.isoformat()
    return {"text": finding.text, "clause": finding.clause, "severity": finding.severity.value, "due_date": due_date}


def _artefacts(
    inspection_id: str, attested: Attested, rows: _Rows, evidence: EvidenceReader, report: CheckReport
) -> list[Found]:
    """`file_missing`, `file_unexpected`, `tail_not_attested`, and the digests' codes."""
    live = {session.id for session in rows.sessions if session.state is not SessionState.ENDED}
    erased_at = _erased_at(rows.entries).get(RetentionClass.MEDIA.value, 0)
    found: list[Found] = []
    for claim in attested.all_claims():
        size_bytes = evidence.find_size(inspection_id, claim.source)
        if size_bytes is None:
            found += _absent(claim, erased_at)
            continue
        report.files += 1
        report.size_bytes += size_bytes
        found += _one_artefact(inspection_id, claim, size_bytes, live, evidence)
    return found + _unexpected(inspection_id, attested, live, evidence)


def _torn(attested: Attested) -> list[Found]:
    """`torn_cut`: bytes behind the last whole record, named and cut off. `torn_kept`: named, unreadable and kept."""
    return [
        ("torn_kept" if torn.is_kept else "torn_cut", f"{claim.source} byte {torn.offset}, {torn.size_bytes} bytes")
        for claim in attested.journals.values()
        for torn in claim.torn
    ]


def _absent(claim: JournalClaim | FileClaim, erased_at: int) -> list[Found]:
    """A journal of which nothing was attested need not be there, nor what was erased since."""
    if isinstance(claim, JournalClaim):
        is_excused = all(segment.seq < erased_at for segment in claim.segments)
    else:
        is_excused = claim.seq < erased_at and claim.code is not Code.TIMESTAMP_DIGEST
    return [] if is_excused else [("file_missing", claim.source)]


def _one_artefact(
    inspection_id: str, claim: JournalClaim | FileClaim, size_bytes: int, live: set[str], evidence: EvidenceReader
) -> list[Found]:
    found: list[Found] = []
    try:
        if isinstance(claim, FileClaim):
            check_file(claim, size_bytes, evidence.chunks(inspection_id, claim.source, size_bytes))
            return found
        if size_bytes > claim.attested_bytes and claim.session_id not in live and not claim.names_tail(size_bytes):
            found.append(("tail_not_attested", f"{claim.source} byte {claim.attested_bytes}"))
        if not claim.segments:
            return found
        known_bytes = min(size_bytes, claim.attested_bytes)
        check_journal(claim, known_bytes, evidence.chunks(inspection_id, claim.source, known_bytes))
    except Broken as broken:
        found.append((broken.problem.code, broken.problem.where))
    except OSError as error:
        found.append(("file_unreadable", f"{claim.source}: {error.strerror}"))
    return found


def _unexpected(inspection_id: str, attested: Attested, live: set[str], evidence: EvidenceReader) -> list[Found]:
    """Files that no entry names; in a session that is not over they may be on their way into the ledger."""
    known = {claim.source for claim in attested.all_claims()}
    return [
        ("file_unexpected", file)
        for file in evidence.files(inspection_id)
        if file not in known and file.split("/")[0] not in live
    ]
