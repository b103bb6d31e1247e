"""What a printed report says about an inspection: read from its entries alone, in the order in which they stand.

A personal value that nothing opens any more, or not for this reader, is None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from inspection.domain.entry import Entry
from inspection.domain.instants import parse_rfc3339


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """The last mark of a check item in a session."""

    title: str
    seen: str
    result: str
    note: str | None
    still_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StillFacts:
    """A still: what it was taken for, when its frame came, how to look it up."""

    still_id: str
    reason: str
    arrival_at: str
    lookup: str
    seq: int


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Somebody who was there. `name` None: not for this reader, or erased."""

    role: str
    name: str | None
    unit: str | None
    badge: str | None


@dataclass(frozen=True, slots=True)
class WordFacts:
    """Something that a person said or decided: `what` is the entry's kind or its decision."""

    what: str
    role: str
    name: str | None
    text: str | None
    at: str


@dataclass(slots=True)
class SessionFacts:
    """One session. `marked_at`: since when fewer than two inspectors were there, None where two are or need not be."""

    session_id: str
    number: int
    nature: str
    started_at: str | None = None
    ended_at: str | None = None
    end_cause: str | None = None
    marked_ms: int = 0
    marked_at: str | None = None
    people: dict[str, PersonFacts] = field(default_factory=dict)
    checks: dict[str, CheckFacts] = field(default_factory=dict)
    stills: list[StillFacts] = field(default_factory=list)
    gap_ms: dict[str, int] = field(default_factory=dict)
    gap_counts: dict[str, int] = field(default_factory=dict)
    fixes: dict[str, int] = field(default_factory=dict)
    words: list[WordFacts] = field(default_factory=list)


@dataclass(slots=True)
class FindingFacts:
    """整改意见 with what followed it."""

    finding_id: str
    text: str | None
    severity: str
    clause: str | None
    due_date: str
    still_id: str | None
    words: list[WordFacts] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """A site visit: who went, how many points were confirmed of how many."""

    visited_at: str
    visitors: tuple[str, ...] | None
    confirmed: int
    items: int


@dataclass(slots=True)
class ReportFacts:
    """The whole case."""

    number: str = ""
    item_name: str = ""
    opened_at: str = ""
    premises_name: str | None = None
    premises_address: str | None = None
    applicant_name: str | None = None
    applicant_id: str | None = None
    applicant_phone: str | None = None
    identity: str | None = None
    sessions: dict[str, SessionFacts] = field(default_factory=dict)
    findings: dict[str, FindingFacts] = field(default_factory=dict)
    visits: list[VisitFacts] = field(default_factory=list)
    opinion: WordFacts | None = None
    erasures: list[str] = field(default_factory=list)
    entries: int = 0
    head: str = ""


def report_facts(entries: Iterable[Entry]) -> ReportFacts:
    """The facts of a whole ledger; kinds that a report does not speak of pass."""
    facts = ReportFacts()
    for entry in entries:
        facts.entries, facts.head = entry.seq, entry.hash
        taker = _TAKERS.get(entry.kind)
        if taker is not None:
            taker(facts, entry, entry.opened_payload())
    return facts


def shown(value: Any) -> Any:
    """None for what is erased or withheld (an object stands in its place), else the value."""
    return None if isinstance(value, dict) else value


def _opened(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    premises, applicant = said["premises"], said["applicant"]
    facts.number, facts.item_name, facts.opened_at = said["number"], said["item_name"], entry.at
    facts.premises_name, facts.premises_address = shown(premises["name"]), shown(premises["address"])
    facts.applicant_name, facts.applicant_id = shown(applicant["name"]), shown(applicant["id_masked"])
    facts.applicant_phone = shown(applicant["phone_masked"])


def _identity(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    facts.identity = said["level"]


def _session_created(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    session_id = said["session_id"]
    facts.sessions[session_id] = SessionFacts(session_id, said["number"], said["nature"])


def _session_started(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    session.started_at = entry.at


def _session_ended(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    session.ended_at, session.end_cause = entry.at, said["cause"]
    _mark(session, entry.at, marked=False)


def _presence(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    person = PersonFacts(said["role"], shown(said["name"]), shown(said.get("unit")), shown(said.get("badge")))
    session.people.setdefault(said["participant_id"], person)
    _mark(session, entry.at, marked=said["marked"])


def _mark(session: SessionFacts, at: str, *, marked: bool) -> None:
    if session.marked_at is not None:
        session.marked_ms += _length_ms(session.marked_at, at)
    session.marked_at = at if marked else None


def _check(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    mark = CheckFacts(said["title"], said["seen"], said["result"], shown(said["note"]), tuple(said["still_ids"]))
    session.checks[said["item_id"]] = mark


def _still(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    still = StillFacts(said["still_id"], said["reason"], said["arrival_at"], said["lookup"], entry.seq)
    session.stills.append(still)


def _gap(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    cause = said["cause"]
    session.gap_counts[cause] = session.gap_counts.get(cause, 0) + 1
    session.gap_ms[cause] = session.gap_ms.get(cause, 0) + _length_ms(said["started_at"], said["ended_at"])


def _fix(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    where = said.get("containment") or "unknown"
    session.fixes[where] = session.fixes.get(where, 0) + 1


def _word(session: SessionFacts, entry: Entry, said: dict[str, Any]) -> None:
    text = said.get("text") or said.get("statement") or said.get("reason")
    session.words.append(_word_of(entry, said.get("decision", entry.kind), text))


def _finding(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    found = FindingFacts(
        said["finding_id"],
        shown(said["text"]),
        said["severity"],
        shown(said["clause"]),
        said["due_date"],
        said.get("still_id"),
    )
    facts.findings[found.finding_id] = found


def _finding_word(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    finding = facts.findings.get(said["finding_id"])
    if finding is not None:
        finding.words.append(_word_of(entry, entry.kind, said.get("text") or said.get("reason")))


def _visit(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    visitors = shown(said["visitors"])
    confirmed = sum(item["confirmed"] for item in said["items"])
    who = None if visitors is None else tuple(visitors)
    facts.visits.append(VisitFacts(said["visited_at"], who, confirmed, len(said["items"])))


def _opinion(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    facts.opinion = _word_of(entry, said["opinion"], said["text"])


def _erased(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
    facts.erasures.append(entry.at)


def _word_of(entry: Entry, what: str, text: Any) -> WordFacts:
    return WordFacts(what, entry.actor["role"], shown(entry.opened_json()["actor"]["name"]), shown(text), entry.at)


def _length_ms(started_at: str, ended_at: str) -> int:
    length = parse_rfc3339(ended_at) - parse_rfc3339(started_at)
    return max(0, round(length.total_seconds() * 1000))


_Taker = Callable[[ReportFacts, Entry, dict[str, Any]], None]
_SessionTaker = Callable[[SessionFacts, Entry, dict[str, Any]], None]


def _of_session(take: _SessionTaker) -> _Taker:
    def taker(facts: ReportFacts, entry: Entry, said: dict[str, Any]) -> None:
        session = facts.sessions.get(said["session_id"])
        if session is not None:
            take(session, entry, said)

    return taker


_TAKERS: dict[str, _Taker] = {
    "opened": _opened,
    "identity": _identity,
    "session_created": _session_created,
    "finding": _finding,
    "site_visit": _visit,
    "opinion": _opinion,
    "erased": _erased,
    **{
        kind: _finding_word
        for kind in ("rectification", "rectification_accepted", "rectification_rejected", "dispute", "dispute_answer")
    },
    **{kind: _of_session(_word) for kind in ("summary", "signature", "refusal", "stopped")},
    "session_started": _of_session(_session_started),
    "session_ended": _of_session(_session_ended),
    "presence": _of_session(_presence),
    "check": _of_session(_check),
    "still": _of_session(_still),
    "gap": _of_session(_gap),
    "fix": _of_session(_fix),
}
