"""Opening inspections, looking at them, and creating their sessions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from geo import Circle, Polygon, Position
from inspection.domain.actor import SYSTEM, Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError, Kind, conflict, field_invalid, not_found
from inspection.domain.identity_numbers import (
    is_mobile_phone,
    is_resident_id,
    is_uscc,
    mask_id_number,
    mask_phone,
    normal_phone,
)
from inspection.domain.inspections import Applicant, IdKind, Inspection, InspectionState, Premises
from inspection.domain.invitations import Invitation, InvitationState, pickup_as_shown
from inspection.domain.sessions import Nature, Session, SessionState
from inspection.domain.text import clean_text
from inspection.domain.users import User
from inspection.domain.words import invitation_sms
from inspection.services.access import get_inspection_for, get_template, require_role
from inspection.services.commands import command, run, run_once
from inspection.services.ledger import append
from inspection.services.legible import require_legible, stamped_name
from inspection.services.payloads import instant, opened_payload
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import (
    InspectionDetail,
    InspectionOpened,
    InvitationRevoked,
    SessionCreated,
    SessionDetail,
)
from inspection.services.secrets import derived_digits, derived_token, keyed_hash, new_id

_PICKUP_DIGITS = 8


@dataclass(frozen=True, slots=True)
class NewInspection:
    """What an inspector types to open an inspection."""

    item_id: str
    premises_name: str
    address: str
    position: Position | None
    fence: Circle | Polygon | None
    applicant_name: str
    id_kind: IdKind
    id_number: str
    phone: str
    second_inspector_id: str | None = None


async def open_inspection(office: Office, actor: Actor, new: NewInspection, key: str) -> InspectionOpened:
    """Opens an inspection.

    Raises `field_invalid`, `uscc_invalid`, `id_number_invalid`, `phone_invalid`, and `character_not_supported`
    for a name that stamps could not show: of the premises, the applicant, an inspector.
    """
    require_role(actor, Role.INSPECTOR)
    template = get_template(office, new.item_id)
    premises = _premises(office, new)
    applicant = _applicant(office, new)

    async def work(uow: UnitOfWork) -> InspectionOpened:
        now, year = office.clock.now(), office.today().year
        inspection = Inspection(
            id=new_id(office),
            number=f"YTK-{year}-{await uow.inspections.next_number(year):05d}",
            item_id=template.id,
            item_name=template.name,
            premises=premises,
            applicant=applicant,
            inspector_ids=await _inspector_ids(office, uow, actor, new.second_inspector_id),
            state=InspectionState.OPENED,
            opened_at=now,
        )
        await uow.inspections.add(inspection)
        draft = EntryDraft("opened", actor, inspection.id, opened_payload(inspection))
        return InspectionOpened(inspection, tuple(await append(uow, inspection.id, [draft])))

    asked = command(actor, "open_inspection", key, new)
    return await run(office, asked, InspectionOpened, work)


async def get_inspection(office: Office, actor: Actor, inspection_id: str) -> InspectionDetail:
    """Everything about an inspection. Raises `unknown`."""
    async with office.reading() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        sessions = [await _session_detail(uow, session) for session in await uow.sessions.list(inspection.id)]
        head = await uow.entries.head(inspection.id)
        return InspectionDetail(
            inspection=inspection,
            template=get_template(office, inspection.item_id),
            inspectors=await inspectors_of(uow, inspection),
            sessions=tuple(sessions),
            invitations=await _invitations(office, uow, actor, inspection),
            findings=tuple(await uow.findings.list(inspection.id)),
            stills=tuple(await uow.stills.list(inspection.id)),
            visits=tuple(await uow.visits.list(inspection.id)),
            last_seq=head[0] if head else 0,
        )


async def list_inspections(office: Office, actor: Actor) -> list[Inspection]:
    """An inspector's own, an auditor's all; newest first."""
    require_role(actor, Role.INSPECTOR, Role.AUDITOR)
    async with office.reading() as uow:
        return await uow.inspections.list(actor.id if actor.role is Role.INSPECTOR else None)


async def find_inspections(office: Office, actor: Actor, number: str) -> list[Inspection]:
    """Those that the actor may see with that number: the inspection's, or the applicant's identity or phone number."""
    require_role(actor, Role.INSPECTOR, Role.AUDITOR)
    wanted = normal_phone(clean_text("number", number, 64, one_line=True))
    async with office.reading() as uow:
        owner = actor.id if actor.role is Role.INSPECTOR else None
        by_number = await uow.inspections.find_all(owner, number.strip().upper())
        return by_number or await uow.inspections.find_all(owner, wanted.upper())


async def create_session(office: Office, actor: Actor, inspection_id: str, nature: Nature, key: str) -> SessionCreated:
    """A session with its invitation; the pick-up code goes to the applicant by SMS, without a link.

    Raises `two_inspectors_required` for a verification with one inspector, `state_conflict` while another
    session is open or the inspection is concluded. A failing gateway does not undo it: `sms_sent` says so.
    """
    require_role(actor, Role.INSPECTOR)

    async def work(uow: UnitOfWork) -> SessionCreated:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        number = await _next_session_number(uow, inspection, nature)
        return await _add_session(office, uow, actor, inspection, nature, number, key)

    asked = command(actor, "create_session", key, inspection_id, nature)
    created, is_new = await run_once(office, asked, SessionCreated, work, _without_secrets)
    if is_new:
        return replace(created, sms_sent=await _send_invitation(office, created))
    return _with_secrets(office, created, key)


async def revoke_invitation(
    office: Office, actor: Actor, inspection_id: str, invitation_id: str, key: str
) -> InvitationRevoked:
    """Closes an invitation and signs out whoever came in by it."""
    require_role(actor, Role.INSPECTOR)

    async def work(uow: UnitOfWork) -> InvitationRevoked:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        invitation = await uow.invitations.find(invitation_id)
        if invitation is None or invitation.inspection_id != inspection.id:
            raise not_found("invitation")
        if invitation.state is InvitationState.USED:
            await uow.logins.revoke_holders(inspection.id, office.clock.now())
        await uow.invitations.save(invitation.revoked())
        draft = EntryDraft("invitation_revoked", actor, invitation.id, {"invitation_id": invitation.id})
        return InvitationRevoked(invitation.revoked(), tuple(await append(uow, inspection.id, [draft])))

    asked = command(actor, "revoke_invitation", key, inspection_id, invitation_id)
    return await run(office, asked, InvitationRevoked, work)


async def inspectors_of(uow: UnitOfWork, inspection: Inspection) -> tuple[User, ...]:
    """The inspectors on the inspection, the one who opened it first."""
    found = [await uow.users.find(user_id) for user_id in inspection.inspector_ids]
    return tuple(user for user in found if user is not None)


def _premises(office: Office, new: NewInspection) -> Premises:
    return Premises(
        name=stamped_name(office, "premises.name", new.premises_name),
        address=clean_text("premises.address", new.address, 120, one_line=True),
        position=new.position,
        fence=new.fence,
    )


def _applicant(office: Office, new: NewInspection) -> Applicant:
    number = new.id_number.strip().upper()
    if new.id_kind is IdKind.USCC and not is_uscc(number):
        raise InspectionError(Kind.INVALID, "uscc_invalid", "no such code", field="applicant.id_number")
    if new.id_kind is IdKind.RESIDENT_ID and not is_resident_id(number, office.today()):
        raise InspectionError(Kind.INVALID, "id_number_invalid", "no such number", field="applicant.id_number")
    phone = normal_phone(new.phone)
    if not is_mobile_phone(phone):
        raise InspectionError(Kind.INVALID, "phone_invalid", "no mobile number", field="applicant.phone")
    return Applicant(
        id=new_id(office),
        name=stamped_name(office, "applicant.name", new.applicant_name),
        id_kind=new.id_kind,
        id_number=number,
        id_masked=mask_id_number(number),
        phone=phone,
        phone_masked=mask_phone(phone),
    )


async def _inspector_ids(office: Office, uow: UnitOfWork, actor: Actor, second_id: str | None) -> tuple[str, ...]:
    require_legible(office, "inspector", actor.name)
    if second_id is None:
        return (actor.id,)
    second = await uow.users.find(second_id)
    if second is None or second.role is not Role.INSPECTOR or second.id == actor.id:
        raise field_invalid("second_inspector_id", "another inspector")
    require_legible(office, "second_inspector_id", second.name)
    return (actor.id, second.id)


async def _session_detail(uow: UnitOfWork, session: Session) -> SessionDetail:
    participants = tuple(await uow.participants.list(session.id))
    return SessionDetail(session, participants, tuple(await uow.checks.list(session.id)))


async def _invitations(
    office: Office, uow: UnitOfWork, actor: Actor, inspection: Inspection
) -> tuple[tuple[Invitation, InvitationState], ...]:
    if actor.role is Role.APPLICANT:
        return ()
    now = office.clock.now()
    return tuple((held, held.state_at(now)) for held in await uow.invitations.list(inspection.id))


async def _next_session_number(uow: UnitOfWork, inspection: Inspection, nature: Nature) -> int:
    if nature is Nature.VERIFICATION and len(inspection.inspector_ids) < 2:
        raise conflict("two_inspectors_required", "a verification needs a second inspector")
    if inspection.state is InspectionState.CONCLUDED:
        raise conflict("state_conflict", "the inspection is concluded")
    sessions = await uow.sessions.list(inspection.id)
    if any(session.state is SessionState.LIVE for session in sessions):
        raise conflict("state_conflict", "another session is live")
    return len(sessions) + 1


async def _add_session(
    office: Office,
    uow: UnitOfWork,
    actor: Actor,
    inspection: Inspection,
    nature: Nature,
    number: int,
    key: str,
) -> SessionCreated:
    now = office.clock.now()
    session = Session(new_id(office), inspection.id, number, nature, SessionState.WAITING, now)
    invitation, token, pickup = await _new_invitation(office, uow, inspection, session, key)
    await uow.sessions.add(session)
    await uow.invitations.add(invitation)
    await uow.inspections.save(inspection.in_state(InspectionState.INVITED))
    about = {"session_id": session.id, "nature": nature.value, "number": number}
    invited = {
        "session_id": session.id,
        "invitation_id": invitation.id,
        "expires_at": instant(invitation.expires_at),
    }
    drafts = [
        EntryDraft("session_created", actor, session.id, about),
        EntryDraft("invited", actor, invitation.id, invited),
    ]
    entries = tuple(await append(uow, inspection.id, drafts))
    return SessionCreated(session, invitation, token, pickup, False, entries)


async def _new_invitation(
    office: Office, uow: UnitOfWork, inspection: Inspection, session: Session, key: str
) -> tuple[Invitation, str, str]:
    now = office.clock.now()
    invitation_id = new_id(office)
    phone_hash = keyed_hash(office, "phone", inspection.applicant.phone)
    token, pickup = _invitation_secrets(office, invitation_id, key)
    pickup_hash = keyed_hash(office, "pickup", pickup)
    if await uow.invitations.find_by_pickup(pickup_hash, phone_hash) is not None:
        return await _new_invitation(office, uow, inspection, session, key)
    invitation = Invitation(
        id=invitation_id,
        inspection_id=inspection.id,
        session_id=session.id,
        token_hash=keyed_hash(office, "invitation", token),
        pickup_hash=pickup_hash,
        phone_hash=phone_hash,
        state=InvitationState.OPEN,
        created_at=now,
        expires_at=now + timedelta(hours=office.rules.invitation_hours),
    )
    return invitation, token, pickup


def _invitation_secrets(office: Office, invitation_id: str, key: str) -> tuple[str, str]:
    token = derived_token(office, "invitation-token", invitation_id, key)
    return token, derived_digits(office, "pickup-code", f"{invitation_id}\n{key}", _PICKUP_DIGITS)


def _without_secrets(created: SessionCreated) -> SessionCreated:
    return replace(created, token="", pickup_code="")


def _with_secrets(office: Office, kept: SessionCreated, key: str) -> SessionCreated:
    token, pickup = _invitation_secrets(office, kept.invitation.id, key)
    return replace(kept, token=token, pickup_code=pickup, sms_sent=True)


async def _send_invitation(office: Office, created: SessionCreated) -> bool:
    async with office.reading() as uow:
        inspection = await get_inspection_for(uow, SYSTEM, created.session.inspection_id)
    rules = office.rules
    text = invitation_sms(
        rules.sms_name,
        rules.portal_name,
        pickup_as_shown(created.pickup_code),
        rules.phone,
    )
    try:
        await office.sms.send(inspection.applicant.phone, text)
    except InspectionError as error:
        if error.kind is not Kind.UNAVAILABLE:
            raise
        return False
    return True
