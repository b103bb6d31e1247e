"""Findings 整改意见 from raising to settling."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import conflict, field_invalid, not_found
from inspection.domain.findings import (
    Dispute,
    Finding,
    FindingState,
    Rectification,
    RectificationState,
    Severity,
)
from inspection.domain.inspections import Inspection, InspectionState
from inspection.domain.text import clean_text
from inspection.services.access import get_finding_for, get_inspection_for, require_role
from inspection.services.commands import Command, command, run
from inspection.services.ledger import append
from inspection.services.payloads import without_none
from inspection.services.ports import KeptFile, Office, UnitOfWork
from inspection.services.results import FindingChanged
from inspection.services.secrets import new_id

_TEXT, _CLAUSE, _REASON = 1000, 200, 1000
_UNSETTLED = (InspectionState.OPENED, InspectionState.UNDER_REVIEW)

Change = Callable[[Finding], tuple[Finding, EntryDraft, Rectification | None]]


async def raise_finding(
    office: Office,
    actor: Actor,
    inspection_id: str,
    *,
    text: str,
    severity: Severity,
    clause: str,
    due_date: date,
    still_id: str | None = None,
    session_id: str | None = None,
    key: str,
) -> FindingChanged:
    """Raises a finding, on a still where there is one. Raises `field_invalid`, `state_conflict` (concluded)."""
    require_role(actor, Role.INSPECTOR)
    kept = clean_text("text", text, _TEXT)
    kept_clause = clean_text("clause", clause, _CLAUSE, least=0, one_line=True)
    if due_date < office.today():
        raise field_invalid("due_date", "lies in the past")

    async def work(uow: UnitOfWork) -> FindingChanged:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        _require_not_concluded(inspection)
        await _require_own(uow, inspection, still_id, session_id)
        finding = Finding(
            id=new_id(office),
            inspection_id=inspection.id,
            session_id=session_id,
            still_id=still_id,
            text=kept,
            severity=severity,
            clause=kept_clause,
            due_date=due_date,
            state=FindingState.OPEN,
            raised_by=actor.id,
            raised_at=office.clock.now(),
        )
        await uow.findings.add(finding)
        return await _changed(uow, inspection, finding, _raised_draft(actor, finding), None)

    asked = command(
        actor,
        "raise_finding",
        key,
        inspection_id,
        kept,
        severity,
        kept_clause,
        due_date,
        still_id,
        session_id,
    )
    return await run(office, asked, FindingChanged, work)


async def submit_rectification(
    office: Office,
    actor: Actor,
    finding_id: str,
    *,
    text: str,
    photo: bytes | None = None,
    session_id: str | None = None,
    key: str,
) -> FindingChanged:
    """The applicant's answer: words with a photo, or with a new live session.

    Raises `picture_invalid`, `finding_closed`, `state_conflict`, `storage_full`. The photo is re-encoded and
    durable before the answer is acknowledged; it is taken back where the answer is refused.
    """
    require_role(actor, Role.APPLICANT)
    kept_text = clean_text("text", text, _TEXT)
    if photo is None and session_id is None:
        raise field_invalid("photo", "an answer needs evidence: a new photo or a new live session")
    photo_sha256 = hashlib.sha256(photo).hexdigest() if photo is not None else None
    asked = command(actor, "submit_rectification", key, finding_id, kept_text, photo_sha256, session_id)
    await _require_on_case(office, actor, finding_id)
    picture = await office.pictures.reencode(photo) if photo is not None else None
    answer_id = new_id(office)
    written: list[tuple[str, str]] = []

    async def work(uow: UnitOfWork) -> FindingChanged:
        inspection, finding = await get_finding_for(uow, actor, finding_id)
        await _require_own(uow, inspection, None, session_id)
        if session_id is not None:
            await _require_held_after(uow, session_id, finding)
        kept = None
        if picture is not None:
            kept = await office.evidence.write_rectification(inspection.id, answer_id, "jpg", picture)
            written.append((inspection.id, kept.file))
        answer = _answer(office, answer_id, kept_text, kept, session_id)
        changed = finding.submitted(answer)
        await uow.findings.save(changed)
        return await _changed(uow, inspection, changed, _answer_draft(actor, finding, answer), answer)

    try:
        return await run(office, asked, FindingChanged, work)
    except BaseException:
        for inspection_id, file in written:
            await office.evidence.remove(inspection_id, file)
        raise


async def accept(
    office: Office, actor: Actor, inspection_id: str, finding_id: str, reason: str | None, key: str
) -> FindingChanged:
    """The last answer is good."""
    kept = clean_text("reason", reason or "", _REASON, least=0) or None

    def change(finding: Finding) -> tuple[Finding, EntryDraft, Rectification | None]:
        changed = finding.accepted(kept)
        last = changed.rectifications[-1]
        payload = without_none(finding_id=finding.id, rectification_id=last.id, reason=kept)
        return changed, EntryDraft("rectification_accepted", actor, finding.id, payload), last

    asked = command(actor, "accept", key, inspection_id, finding_id, kept)
    return await _judge(office, actor, inspection_id, finding_id, asked, change)


async def reject(
    office: Office, actor: Actor, inspection_id: str, finding_id: str, reason: str, key: str
) -> FindingChanged:
    """The last answer is not enough; the reason goes to the applicant."""
    kept = clean_text("reason", reason, _REASON)

    def change(finding: Finding) -> tuple[Finding, EntryDraft, Rectification | None]:
        changed = finding.rejected(kept)
        last = changed.rectifications[-1]
        payload = {"finding_id": finding.id, "rectification_id": last.id, "reason": kept}
        return changed, EntryDraft("rectification_rejected", actor, finding.id, payload), last

    asked = command(actor, "reject", key, inspection_id, finding_id, kept)
    return await _judge(office, actor, inspection_id, finding_id, asked, change)


async def dispute(office: Office, actor: Actor, finding_id: str, text: str, key: str) -> FindingChanged:
    """陈述申辩: the applicant disagrees with an open finding."""
    require_role(actor, Role.APPLICANT)
    kept = clean_text("text", text, _TEXT)

    async def work(uow: UnitOfWork) -> FindingChanged:
        inspection, finding = await get_finding_for(uow, actor, finding_id)
        raised = Dispute(new_id(office), kept, office.clock.now())
        changed = finding.disputed(raised)
        await uow.findings.save(changed)
        payload = {"finding_id": finding.id, "dispute_id": raised.id, "text": kept}
        draft = EntryDraft("dispute", actor, finding.id, payload)
        return await _changed(uow, inspection, changed, draft, None)

    return await run(office, command(actor, "dispute", key, finding_id, kept), FindingChanged, work)


async def answer_dispute(
    office: Office,
    actor: Actor,
    inspection_id: str,
    finding_id: str,
    text: str,
    upheld: bool,
    key: str,
) -> FindingChanged:
    """A named officer answers; `upheld` says that the finding stands."""
    kept = clean_text("text", text, _TEXT)

    def change(finding: Finding) -> tuple[Finding, EntryDraft, Rectification | None]:
        changed = finding.answered(kept, upheld, actor.name)
        payload = {
            "finding_id": finding.id,
            "dispute_id": changed.disputes[-1].id,
            "text": kept,
            "upheld": upheld,
        }
        return changed, EntryDraft("dispute_answer", actor, finding.id, payload), None

    asked = command(actor, "answer_dispute", key, inspection_id, finding_id, kept, upheld)
    return await _judge(office, actor, inspection_id, finding_id, asked, change)


async def get_rectification(office: Office, actor: Actor, inspection_id: str, rectification_id: str) -> Rectification:
    """An answer of an inspection that the actor may see. Raises `unknown`."""
    async with office.reading() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        for finding in await uow.findings.list(inspection.id):
            for held in finding.rectifications:
                if held.id == rectification_id:
                    return held
    raise not_found("rectification")


async def settled_state(uow: UnitOfWork, inspection: Inspection) -> InspectionState:
    """Where the inspection stands by its findings; a live, stopped or concluded one stays as it is."""
    if inspection.state not in (InspectionState.RECTIFYING, *_UNSETTLED):
        return inspection.state
    findings = await uow.findings.list(inspection.id)
    if any(not finding.is_settled for finding in findings):
        return InspectionState.RECTIFYING
    return InspectionState.UNDER_REVIEW if findings else inspection.state


async def _judge(
    office: Office, actor: Actor, inspection_id: str, finding_id: str, asked: Command, change: Change
) -> FindingChanged:
    require_role(actor, Role.INSPECTOR)

    async def work(uow: UnitOfWork) -> FindingChanged:
        inspection, finding = await get_finding_for(uow, actor, finding_id)
        if inspection.id != inspection_id:
            raise not_found("finding")
        changed, draft, rectification = change(finding)
        await uow.findings.save(changed)
        return await _changed(uow, inspection, changed, draft, rectification)

    return await run(office, asked, FindingChanged, work)


async def _changed(
    uow: UnitOfWork,
    inspection: Inspection,
    finding: Finding,
    draft: EntryDraft,
    rectification: Rectification | None,
) -> FindingChanged:
    _require_not_concluded(inspection)
    moved = inspection.in_state(await settled_state(uow, inspection))
    if moved.state is not inspection.state:
        await uow.inspections.save(moved)
    entries = await append(uow, inspection.id, [draft])
    return FindingChanged(finding, rectification, moved, entries)


async def _require_own(uow: UnitOfWork, inspection: Inspection, still_id: str | None, session_id: str | None) -> None:
    if still_id is not None:
        still = await uow.stills.find(still_id)
        if still is None or still.inspection_id != inspection.id:
            raise field_invalid("still_id", "no such still")
    if session_id is not None:
        session = await uow.sessions.find(session_id)
        if session is None or session.inspection_id != inspection.id:
            raise field_invalid("session_id", "no such session")


async def _require_held_after(uow: UnitOfWork, session_id: str, finding: Finding) -> None:
    """A session is evidence of a rectification only where it was held, and after the finding was raised."""
    session = await uow.sessions.find(session_id)
    if session is None or session.started_at is None or session.started_at <= finding.raised_at:
        raise field_invalid("session_id", "not a session held since the finding")


async def _require_on_case(office: Office, actor: Actor, finding_id: str) -> None:
    """Nobody who is not on the case makes the server decode a picture."""
    async with office.reading() as uow:
        await get_finding_for(uow, actor, finding_id)


def _answer(office: Office, answer_id: str, text: str, kept: KeptFile | None, session_id: str | None) -> Rectification:
    return Rectification(
        id=answer_id,
        text=text,
        file=kept.file if kept else None,
        sha256=kept.sha256 if kept else None,
        session_id=session_id,
        state=RectificationState.SUBMITTED,
        reason=None,
        submitted_at=office.clock.now(),
    )


def _require_not_concluded(inspection: Inspection) -> None:
    if inspection.state is InspectionState.CONCLUDED:
        raise conflict("state_conflict", "the inspection is concluded")


def _raised_draft(actor: Actor, finding: Finding) -> EntryDraft:
    payload = without_none(
        finding_id=finding.id,
        session_id=finding.session_id,
        still_id=finding.still_id,
        text=finding.text,
        severity=finding.severity.value,
        clause=finding.clause,
        due_date=finding.due_date.isoformat(),
    )
    return EntryDraft("finding", actor, finding.id, payload)


def _answer_draft(actor: Actor, finding: Finding, answer: Rectification) -> EntryDraft:
    payload = without_none(
        finding_id=finding.id,
        rectification_id=answer.id,
        text=answer.text,
        session_id=answer.session_id,
        file=answer.file,
        sha256=answer.sha256,
    )
    return EntryDraft("rectification", actor, finding.id, payload)
