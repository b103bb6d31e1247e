"""Being in a session: joining, leaving, recording, and what a restart of the server does to it."""

from __future__ import annotations

from inspection.domain.actor import SYSTEM, Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.inspections import Inspection, InspectionState
from inspection.domain.sessions import (
    EndCause,
    Participant,
    Session,
    SessionState,
    inspectors_present,
    is_marked,
    may_start,
    participant_of,
)
from inspection.services.access import get_participant, get_session_for, require_role
from inspection.services.clocks import clock_draft
from inspection.services.ledger import append
from inspection.services.payloads import without_none
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import Joined, SessionChanged
from inspection.services.secrets import new_id


async def join(office: Office, actor: Actor, session_id: str) -> Joined:
    """Comes in, or comes back: the same person keeps their participant. Raises `session_not_open`, `not_yet_agreed`.

    The session becomes live when the applicant and an inspector are there together for the first time.
    """
    require_role(actor, Role.APPLICANT, Role.INSPECTOR)
    async with office.uow() as uow:
        inspection, session = await get_session_for(uow, actor, session_id)
        session.require_admission(actor)
        person, came = await _come_in(office, uow, actor, session)
        participants = tuple(await uow.participants.list(session.id))
        drafts = [presence_draft(session, participants, person)] if came else []
        started = may_start(session, participants)
        if started:
            session = await _start(office, uow, inspection, session)
            drafts.append(EntryDraft("session_started", SYSTEM, session.id, {"session_id": session.id}))
            drafts.append(clock_draft(session.id, office.read_ntp()))
        entries = await append(uow, inspection.id, drafts)
        await uow.commit()
    return Joined(inspection.id, session, person, participants, started, entries)


async def leave(office: Office, actor: Actor, session_id: str) -> SessionChanged:
    """Goes, or is lost; the session goes on. Leaving twice is no error."""
    async with office.uow() as uow:
        inspection, session = await get_session_for(uow, actor, session_id)
        person = await get_participant(uow, actor, session.id)
        drafts = []
        if person.present:
            await uow.participants.save(person.as_present(False))
            drafts = [await _gone(uow, session, person)]
        entries = await append(uow, inspection.id, drafts)
        await uow.commit()
        participants = tuple(await uow.participants.list(session.id))
    return SessionChanged(inspection.id, session, participants, entries)


async def set_recording(office: Office, session_id: str, on: bool, cause: str | None = None) -> SessionChanged:
    """States that recording began, or why it rests. Raises `not_yet_agreed`, `session_not_open`.

    Call it before the relay is told to record. No entry where nothing changes.
    """
    async with office.uow() as uow:
        inspection, session = await get_session_for(uow, SYSTEM, session_id)
        changed = session.recorded(on)
        drafts = [recording_draft(session, on, cause)] if session.recording != on else []
        await uow.sessions.save(changed)
        entries = await append(uow, inspection.id, drafts)
        await uow.commit()
        participants = tuple(await uow.participants.list(session.id))
    return SessionChanged(inspection.id, changed, participants, entries)


async def abandon(office: Office, session_id: str) -> SessionChanged:
    """Ends a session that everybody left; without a mark against anyone."""
    async with office.uow() as uow:
        inspection, session = await get_session_for(uow, SYSTEM, session_id)
        changed = await finish(office, uow, inspection, session, EndCause.ABANDONED, SYSTEM)
        await uow.commit()
    return changed


async def list_live(office: Office) -> list[Session]:
    """Sessions that are live on record, whether or not anybody is connected."""
    async with office.reading() as uow:
        return [session for session in await uow.sessions.list_open() if session.state is SessionState.LIVE]


async def list_unsettled(office: Office) -> list[Session]:
    """Sessions that are not over, or whose files were not held against the ledger since their end."""
    async with office.reading() as uow:
        return list(await uow.sessions.list_unsettled())


async def settle(office: Office, session_id: str) -> None:
    """The session is over and the ledger speaks of every byte of its files."""
    async with office.uow() as uow:
        await uow.sessions.settle(session_id)
        await uow.commit()


async def mark_interrupted(office: Office) -> list[SessionChanged]:
    """At the server's start: nobody is connected any more, and nothing is recorded until people are back."""
    async with office.reading() as uow:
        if not await uow.sessions.list_open():
            return []  # a start that writes nothing waits for no reader
    async with office.uow() as uow:
        changed = [await _interrupted(uow, session) for session in await uow.sessions.list_open()]
        await uow.commit()
    return [held for held in changed if held.entries]


async def finish(
    office: Office,
    uow: UnitOfWork,
    inspection: Inspection,
    session: Session,
    cause: EndCause,
    actor: Actor,
    before: tuple[EntryDraft, ...] = (),
) -> SessionChanged:
    """Ends a session within the caller's transaction, and moves the inspection on."""
    ended = session.ended(cause, office.clock.now())
    drafts = list(before)
    if session.recording:
        drafts.append(recording_draft(session, False, cause.value))
    about = {"session_id": session.id, "cause": cause.value}
    drafts.append(EntryDraft("session_ended", actor, session.id, about))
    for person in await uow.participants.list(session.id):
        await uow.participants.save(person.as_present(False))
    await uow.sessions.save(ended)
    await uow.inspections.save(inspection.in_state(await _state_after(uow, inspection, cause)))
    entries = await append(uow, inspection.id, drafts)
    return SessionChanged(inspection.id, ended, tuple(await uow.participants.list(session.id)), entries)


def presence_draft(session: Session, participants: tuple[Participant, ...], person: Participant) -> EntryDraft:
    """Who came or went, how many inspectors are there now, and whether the minutes from here are marked."""
    payload = without_none(
        session_id=session.id,
        participant_id=person.id,
        name=person.name,
        role=person.role.value,
        unit=person.unit or None,
        badge=person.badge or None,
        present=person.present,
        inspectors_present=inspectors_present(participants),
        marked=is_marked(session, participants),
    )
    return EntryDraft("presence", SYSTEM, person.actor_id, payload)


def recording_draft(session: Session, on: bool, cause: str | None) -> EntryDraft:
    """Recording on, or off with its cause."""
    return EntryDraft("recording", SYSTEM, session.id, without_none(session_id=session.id, on=on, cause=cause))


async def _come_in(office: Office, uow: UnitOfWork, actor: Actor, session: Session) -> tuple[Participant, bool]:
    for person in await uow.participants.list(session.id):
        if person.actor_id == actor.id:
            await uow.participants.save(person.as_present(True))
            return person.as_present(True), not person.present
    person = participant_of(actor, new_id(office), session.id, office.clock.now())
    await uow.participants.save(person)
    return person, True


async def _start(office: Office, uow: UnitOfWork, inspection: Inspection, session: Session) -> Session:
    live = session.started(office.clock.now())
    await uow.sessions.save(live)
    await uow.inspections.save(inspection.in_state(InspectionState.IN_SESSION))
    return live


async def _gone(uow: UnitOfWork, session: Session, person: Participant) -> EntryDraft:
    participants = tuple(await uow.participants.list(session.id))
    return presence_draft(session, participants, person.as_present(False))


async def _interrupted(uow: UnitOfWork, session: Session) -> SessionChanged:
    drafts: list[EntryDraft] = []
    if session.recording:
        drafts.append(recording_draft(session, False, "server_restarted"))
        session = session.recorded(False)
        await uow.sessions.save(session)
    for person in await uow.participants.list(session.id):
        if person.present:
            await uow.participants.save(person.as_present(False))
            drafts.append(await _gone(uow, session, person))
    entries = await append(uow, session.inspection_id, drafts)
    participants = tuple(await uow.participants.list(session.id))
    return SessionChanged(session.inspection_id, session, participants, entries)


async def _state_after(uow: UnitOfWork, inspection: Inspection, cause: EndCause) -> InspectionState:
    if cause is EndCause.STOPPED:
        return InspectionState.ON_SITE_REQUIRED
    findings = await uow.findings.list(inspection.id)
    if any(not finding.is_settled for finding in findings):
        return InspectionState.RECTIFYING
    return InspectionState.UNDER_REVIEW if cause is EndCause.COMPLETED else InspectionState.OPENED
