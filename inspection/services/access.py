"""Who may reach what. Unknown and forbidden answer alike."""

from __future__ import annotations

from inspection.domain.actor import Actor, Role
from inspection.domain.errors import InspectionError, Kind, not_found
from inspection.domain.findings import Finding
from inspection.domain.inspections import Inspection
from inspection.domain.sessions import Participant, Session
from inspection.domain.templates import Template
from inspection.services.ports import Office, UnitOfWork


def require_role(actor: Actor, *roles: Role) -> None:
    """Refuses (`not_allowed`) a role that never does this, whatever the object."""
    if actor.role not in roles:
        raise InspectionError(Kind.NOT_ALLOWED, "not_allowed", f"not for the role {actor.role}")


async def get_inspection_for(uow: UnitOfWork, actor: Actor, inspection_id: str) -> Inspection:
    """The inspection, if the actor is on it."""
    inspection = await uow.inspections.find(inspection_id)
    if inspection is None or not inspection.admits(actor):
        raise not_found("inspection")
    return inspection


async def get_session_for(uow: UnitOfWork, actor: Actor, session_id: str) -> tuple[Inspection, Session]:
    """The session with its inspection, if the actor is on it."""
    session = await uow.sessions.find(session_id)
    if session is None:
        raise not_found("session")
    inspection = await uow.inspections.find(session.inspection_id)
    if inspection is None or not inspection.admits(actor):
        raise not_found("session")
    return inspection, session


async def get_finding_for(uow: UnitOfWork, actor: Actor, finding_id: str) -> tuple[Inspection, Finding]:
    """The finding with its inspection, if the actor is on it."""
    finding = await uow.findings.find(finding_id)
    if finding is None:
        raise not_found("finding")
    inspection = await uow.inspections.find(finding.inspection_id)
    if inspection is None or not inspection.admits(actor):
        raise not_found("finding")
    return inspection, finding


async def get_participant(uow: UnitOfWork, actor: Actor, session_id: str) -> Participant:
    """The actor's own place in the session; whoever acts in a session has joined it."""
    for person in await uow.participants.list(session_id):
        if person.actor_id == actor.id:
            return person
    raise InspectionError(Kind.CONFLICT, "not_joined", "join the session first")


def get_template(office: Office, item_id: str) -> Template:
    """The template of a service item."""
    for template in office.templates:
        if template.id == item_id:
            return template
    raise not_found("template")
