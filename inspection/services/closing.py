"""How a session closes: a summary that everybody decides on, or 「停止,改为上门」 at any moment."""

from __future__ import annotations

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import field_invalid
from inspection.domain.sessions import Decision, EndCause, Session, Signature
from inspection.domain.text import clean_text
from inspection.services.access import get_participant, get_session_for, require_role
from inspection.services.commands import command, run
from inspection.services.ledger import append
from inspection.services.payloads import without_none
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import SessionChanged
from inspection.services.sessions import finish

_SUMMARY, _STATEMENT, _REASON = 4000, 1000, 500


async def propose_summary(office: Office, actor: Actor, session_id: str, text: str, key: str) -> SessionChanged:
    """Proposes the summary; it may be reworded until the first decision on it (`state_conflict`)."""
    require_role(actor, Role.INSPECTOR)
    kept = clean_text("text", text, _SUMMARY)

    async def work(uow: UnitOfWork) -> SessionChanged:
        inspection, session = await get_session_for(uow, actor, session_id)
        await get_participant(uow, actor, session.id)
        changed = session.summarised(kept)
        payload = {"session_id": session.id, "text": kept}
        return await _saved(uow, changed, EntryDraft("summary", actor, session.id, payload))

    asked = command(actor, "propose_summary", key, session_id, kept)
    return await run(office, asked, SessionChanged, work)


async def sign_summary(
    office: Office, actor: Actor, session_id: str, decision: Decision, statement: str | None, key: str
) -> SessionChanged:
    """Signs, signs with a disagreement (its statement is needed), or refuses (its reason is needed).

    Raises `summary_missing`, `state_conflict` for a second decision of the same person.
    """
    require_role(actor, Role.INSPECTOR, Role.APPLICANT)
    kept = clean_text("statement", statement or "", _STATEMENT, least=0) or None
    if decision is not Decision.SIGNED and kept is None:
        raise field_invalid("statement", "a disagreement or a refusal needs its words")

    async def work(uow: UnitOfWork) -> SessionChanged:
        inspection, session = await get_session_for(uow, actor, session_id)
        await get_participant(uow, actor, session.id)
        now = office.clock.now()
        signature = Signature(actor.id, actor.name, actor.role, decision, kept, now)
        return await _saved(uow, session.with_signature(signature), _decision_draft(session, actor, signature))

    asked = command(actor, "sign_summary", key, session_id, decision, kept)
    return await run(office, asked, SessionChanged, work)


async def stop(office: Office, actor: Actor, session_id: str, reason: str | None, key: str) -> SessionChanged:
    """「停止,改为上门」: ends the session at once; the case goes to an on-site visit, without a mark."""
    require_role(actor, Role.APPLICANT)
    kept = clean_text("reason", reason or "", _REASON, least=0) or None

    async def work(uow: UnitOfWork) -> SessionChanged:
        inspection, session = await get_session_for(uow, actor, session_id)
        payload = without_none(session_id=session.id, reason=kept)
        stopped = EntryDraft("stopped", actor, session.id, payload)
        return await finish(office, uow, inspection, session, EndCause.STOPPED, actor, (stopped,))

    return await run(office, command(actor, "stop", key, session_id, kept), SessionChanged, work)


async def end_session(
    office: Office, actor: Actor, session_id: str, key: str, *, unfinished: bool = False
) -> SessionChanged:
    """Completes a session. Raises `summary_missing`, `signature_missing`, `two_inspectors_required`.

    `unfinished` ends it without a conclusion: the way out where somebody is missing, and on record as just that.
    """
    require_role(actor, Role.INSPECTOR)
    cause = EndCause.UNFINISHED if unfinished else EndCause.COMPLETED

    async def work(uow: UnitOfWork) -> SessionChanged:
        inspection, session = await get_session_for(uow, actor, session_id)
        await get_participant(uow, actor, session.id)
        session.require_live()
        if not unfinished:
            session.require_conclusion(tuple(await uow.participants.list(session.id)))
        return await finish(office, uow, inspection, session, cause, actor)

    return await run(office, command(actor, "end_session", key, session_id, cause), SessionChanged, work)


async def _saved(uow: UnitOfWork, session: Session, draft: EntryDraft) -> SessionChanged:
    await uow.sessions.save(session)
    entries = await append(uow, session.inspection_id, [draft])
    people = tuple(await uow.participants.list(session.id))
    return SessionChanged(session.inspection_id, session, people, entries)


def _decision_draft(session: Session, actor: Actor, signature: Signature) -> EntryDraft:
    if signature.decision is Decision.REFUSED:
        refusal = {"session_id": session.id, "reason": signature.statement}
        return EntryDraft("refusal", actor, session.id, refusal)
    payload = without_none(session_id=session.id, decision=signature.decision.value, statement=signature.statement)
    return EntryDraft("signature", actor, session.id, payload)
