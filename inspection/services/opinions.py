"""核查意见: the office's opinion. It concludes the inspection; it is not the decision on the licence."""

from __future__ import annotations

from dataclasses import replace

from inspection.domain.actor import SYSTEM, Actor, Role
from inspection.domain.entry import Entry, EntryDraft
from inspection.domain.errors import conflict
from inspection.domain.inspections import Inspection, InspectionState, Opinion, OpinionKind
from inspection.domain.sessions import EndCause, SessionState
from inspection.domain.templates import RemoteEffect
from inspection.domain.text import clean_text
from inspection.services.access import get_inspection_for, get_template, require_role
from inspection.services.commands import command, run
from inspection.services.ledger import append
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import OpinionGiven
from inspection.services.sessions import finish

_TEXT = 4000


async def give_opinion(
    office: Office, actor: Actor, inspection_id: str, opinion: OpinionKind, text: str, key: str
) -> OpinionGiven:
    """Gives the opinion and concludes; a session that still waits is over. Raises `state_conflict`: concluded
    already, or a session is live.

    `fit` also needs every finding settled, and a site visit (`site_visit_required`) unless the template says,
    with its legal basis, that the remote session substitutes it.
    """
    require_role(actor, Role.INSPECTOR)
    kept = clean_text("text", text, _TEXT)

    async def work(uow: UnitOfWork) -> OpinionGiven:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        await _require_ripe(office, uow, inspection, opinion)
        ended = await _end_waiting(office, uow, inspection)
        given = Opinion(opinion, kept, actor.id, actor.name, office.clock.now())
        concluded = replace(inspection, opinion=given, state=InspectionState.CONCLUDED)
        await uow.inspections.save(concluded)
        payload = {"opinion": opinion.value, "text": kept}
        draft = EntryDraft("opinion", actor, inspection.id, payload)
        return OpinionGiven(given, concluded, (*ended, *await append(uow, inspection.id, [draft])))

    asked = command(actor, "give_opinion", key, inspection_id, opinion, kept)
    return await run(office, asked, OpinionGiven, work)


async def _end_waiting(office: Office, uow: UnitOfWork, inspection: Inspection) -> list[Entry]:
    """Nobody may come into a session of a concluded inspection."""
    entries: list[Entry] = []
    for session in await uow.sessions.list(inspection.id):
        if session.state is SessionState.WAITING:
            done = await finish(office, uow, inspection, session, EndCause.ABANDONED, SYSTEM)
            entries.extend(done.entries)
    return entries


async def _require_ripe(office: Office, uow: UnitOfWork, inspection: Inspection, opinion: OpinionKind) -> None:
    if inspection.state is InspectionState.CONCLUDED:
        raise conflict("state_conflict", "the inspection is concluded")
    sessions = await uow.sessions.list(inspection.id)
    if any(session.state is SessionState.LIVE for session in sessions):
        raise conflict("state_conflict", "a session is live")
    if opinion is not OpinionKind.FIT:
        return
    if any(not finding.is_settled for finding in await uow.findings.list(inspection.id)):
        raise conflict("finding_open", "a finding is not settled")
    template = get_template(office, inspection.item_id)
    substitutes = template.remote_effect is RemoteEffect.SUBSTITUTES
    if not substitutes and not await uow.visits.list(inspection.id):
        raise conflict("site_visit_required", "a site visit confirms first")
