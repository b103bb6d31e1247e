"""Coming in: looking an invitation up, the code to the phone, redeeming."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from inspection.domain.actor import Actor, Level
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError, Kind, conflict, field_invalid
from inspection.domain.identity_numbers import normal_phone
from inspection.domain.inspections import Inspection, InspectionState
from inspection.domain.instants import checked_instant
from inspection.domain.invitations import Invitation, SentCode, pickup_as_typed
from inspection.domain.sessions import Session, SessionState
from inspection.domain.words import (
    NATURE_NOTES,
    NATURE_NOTES_EN,
    NATURE_WORDS,
    NATURE_WORDS_EN,
    NOTICE_VERSION,
    SAFETY_WORDS,
    SAFETY_WORDS_EN,
    code_sms,
    notice_lines,
    notice_lines_en,
)
from inspection.services.accounts import login_token, open_login
from inspection.services.commands import Command, run_once
from inspection.services.inspections import inspectors_of
from inspection.services.ledger import append
from inspection.services.payloads import instant
from inspection.services.ports import Office, OfficeRules, UnitOfWork
from inspection.services.results import CodeSent, Login, Notice, NoticeText, Redeemed, TranslatedNotice
from inspection.services.secrets import csrf_of, keyed_hash, make_handle, open_handle, random_digits

_PICKUP_TRIES, _PICKUP_WINDOW = 10, timedelta(minutes=15)
_CODE_DIGITS = 6
_HOUR = timedelta(hours=1)


async def look_up(
    office: Office, *, token: str | None = None, pickup_code: str | None = None, phone: str | None = None
) -> Notice:
    """What the holder of a link, or of a pick-up code and the phone number, may know. Consumes nothing.

    Raises `invitation_unknown`, `invitation_revoked`, `invitation_expired`, `invitation_used` (concluded),
    `too_many_attempts` for a phone number that was tried with ten wrong codes.
    """
    if token is not None:
        async with office.reading() as uow:
            invitation = await _get_by_token(office, uow, token)
            return await _notice(office, uow, invitation, token)
    if pickup_code is None or phone is None:
        raise field_invalid("pickup_code", "a link, or a pick-up code with the phone number")
    invitation = await _get_by_pickup(office, pickup_code, phone)
    async with office.reading() as uow:
        return await _notice(office, uow, invitation, make_handle(office, invitation.id, office.clock.now()))


async def send_code(office: Office, token: str) -> CodeSent:
    """Sends a new code to the phone number of the application; the one before is void.

    Raises `too_many_attempts` (with `retry_after_s`) within a minute of the last, or after five in an hour.
    """
    code = random_digits(office, _CODE_DIGITS)
    async with office.uow() as uow:
        now = office.clock.now()
        invitation = await _get_by_token(office, uow, token)
        inspection = await _usable_inspection(uow, invitation, now)
        await _require_code_allowed(office, uow, invitation, now)
        expires_at = now + timedelta(minutes=office.rules.code_minutes)
        sent = SentCode(_code_hash(office, invitation, code), now, expires_at)
        await uow.invitations.save(invitation.with_code(sent, now))
        await uow.attempts.add("code", invitation.id, now)
        await uow.commit()
    rules = office.rules
    text = code_sms(rules.sms_name, code, rules.code_minutes, rules.phone)
    await office.sms.send(inspection.applicant.phone, text)
    return CodeSent(inspection.applicant.phone_masked, rules.code_interval_s)


async def redeem(
    office: Office, *, token: str, code: str, told_at: datetime, agreed_position: bool, key: str
) -> Redeemed:
    """Lets the applicant in: told, agreed, phone proven; an older login of this inspection ends.

    `told_at` is when the notice was shown, by the phone's clock. The right code is consumed, also for a move
    to another browser. Raises `code_wrong` (with `tries_left`), `code_locked`, `code_expired`,
    `invitation_unknown|used|expired|revoked`. A wrong try is stored before it is refused.
    """
    told = checked_instant("told_at", told_at)

    async def work(uow: UnitOfWork) -> Redeemed:
        now = office.clock.now()
        invitation = await _get_by_token(office, uow, token)
        inspection = await _usable_inspection(uow, invitation, now)
        right = _is_code_right(office, invitation, code)
        tried, refusal = invitation.tried(right, now)
        if refusal is not None:
            await uow.invitations.save(tried)
            await uow.commit()
            raise refusal
        kept = tried.kept_until(now + timedelta(days=office.rules.return_days))
        await uow.invitations.save(kept)
        return await _let_in(office, uow, inspection, kept, told, agreed_position, key)

    subject = keyed_hash(office, "redeemer", token)
    asked = Command(subject, "redeem", key, (token, code, told, agreed_position))
    redeemed, is_new = await run_once(office, asked, Redeemed, work, _without_secrets)
    return redeemed if is_new else await _with_secrets(office, redeemed, key)


async def _get_by_token(office: Office, uow: UnitOfWork, token: str) -> Invitation:
    invitation_id = open_handle(office, token, office.clock.now())
    if invitation_id is not None:
        found = await uow.invitations.find(invitation_id)
    else:
        found = await uow.invitations.find_by_token_hash(keyed_hash(office, "invitation", token))
    if found is None:
        raise _unknown()
    return found


async def _get_by_pickup(office: Office, pickup_code: str, phone: str) -> Invitation:
    pickup_hash = keyed_hash(office, "pickup", pickup_as_typed(pickup_code))
    phone_hash = keyed_hash(office, "phone", normal_phone(phone))
    async with office.uow() as uow:
        now = office.clock.now()
        tries = await uow.attempts.since("pickup", phone_hash, now - _PICKUP_WINDOW)
        _require_tries_left(tries, _PICKUP_TRIES, _PICKUP_WINDOW, now)
        found = await uow.invitations.find_by_pickup(pickup_hash, phone_hash)
        if found is None:
            await uow.attempts.add("pickup", phone_hash, now)
            await uow.commit()
    if found is None:
        raise _unknown()
    return found


async def _usable_inspection(uow: UnitOfWork, invitation: Invitation, now: datetime) -> Inspection:
    invitation.require_usable(now)
    inspection = await uow.inspections.find(invitation.inspection_id)
    if inspection is None:
        raise _unknown()
    if inspection.state is InspectionState.CONCLUDED:
        raise conflict("invitation_used", "the inspection is concluded")
    return inspection


async def _notice(office: Office, uow: UnitOfWork, invitation: Invitation, token: str) -> Notice:
    now = office.clock.now()
    inspection = await _usable_inspection(uow, invitation, now)
    session = await uow.sessions.find(invitation.session_id)
    if session is None:
        raise _unknown()
    return Notice(
        token=token,
        unit_name=office.rules.unit_name,
        office_phone=office.rules.phone,
        officials=await inspectors_of(uow, inspection),
        nature=session.nature,
        item_name=inspection.item_name,
        premises_name=inspection.premises.name,
        phone_masked=inspection.applicant.phone_masked,
        notice=_notice_text(office, session),
        expires_at=invitation.expires_at,
        state=invitation.state_at(now),
    )


def _notice_text(office: Office, session: Session) -> NoticeText:
    rules = office.rules
    told = notice_lines(rules.unit_name, rules.notice_basis, rules.kept_years, rules.phone)
    return NoticeText(
        title=f"{NATURE_WORDS[session.nature]}告知",
        lines=(*told, NATURE_NOTES[session.nature], SAFETY_WORDS),
        version=NOTICE_VERSION,
        en=_notice_in_english(rules, session),
    )


def _notice_in_english(rules: OfficeRules, session: Session) -> TranslatedNotice:
    told = notice_lines_en(rules.unit_name_en, rules.notice_basis_en, rules.kept_years, rules.phone)
    title = f"Notice: {NATURE_WORDS_EN[session.nature]}"
    return TranslatedNotice(title, (*told, NATURE_NOTES_EN[session.nature], SAFETY_WORDS_EN))


async def _require_code_allowed(office: Office, uow: UnitOfWork, invitation: Invitation, now: datetime) -> None:
    rules = office.rules
    sent = await uow.attempts.since("code", invitation.id, now - _HOUR)
    _require_tries_left(sent, rules.codes_per_hour, _HOUR, now)
    interval = timedelta(seconds=rules.code_interval_s)
    _require_tries_left([at for at in sent if at > now - interval], 1, interval, now)


def _require_tries_left(tries: Sequence[datetime], most: int, window: timedelta, now: datetime) -> None:
    if len(tries) < most:
        return
    wait_s = int((tries[-most] + window - now).total_seconds()) + 1
    raise InspectionError(
        Kind.NOT_ALLOWED, "too_many_attempts", "wait before the next try", retry_after_s=max(wait_s, 1)
    )


def _code_hash(office: Office, invitation: Invitation, code: str) -> str:
    return keyed_hash(office, "code", f"{invitation.id}\n{code}")


def _is_code_right(office: Office, invitation: Invitation, code: str) -> bool:
    if invitation.code is None:
        return False
    return hmac.compare_digest(_code_hash(office, invitation, pickup_as_typed(code)), invitation.code.code_hash)


async def _let_in(
    office: Office,
    uow: UnitOfWork,
    inspection: Inspection,
    invitation: Invitation,
    told_at: datetime,
    agreed_position: bool,
    key: str,
) -> Redeemed:
    replaced = await uow.logins.revoke_holders(inspection.id, office.clock.now())
    session = await _agreed_session(uow, invitation, agreed_position)
    actor = inspection.applicant.as_actor(Level.PHONE)
    drafts = _coming_in(actor, invitation, told_at, agreed_position, replaced > 0)
    login = await open_login(
        office, uow, actor, key, inspection_id=inspection.id, session_id=session.id if session else None
    )
    return Redeemed(login, tuple(await append(uow, inspection.id, drafts)))


async def _agreed_session(uow: UnitOfWork, invitation: Invitation, position: bool) -> Session | None:
    session = await uow.sessions.find(invitation.session_id)
    if session is None or session.state is SessionState.ENDED:
        return None
    await uow.sessions.save(session.agreed(position=position))
    return session


def _coming_in(
    actor: Actor, invitation: Invitation, told_at: datetime, agreed_position: bool, replaced: bool
) -> list[EntryDraft]:
    told = {"notice_version": NOTICE_VERSION, "told_at": instant(told_at)}
    drafts = [
        EntryDraft("identity", actor, invitation.id, {"level": actor.level.value, "how": "sms_code"}),
        EntryDraft("told", actor, invitation.id, told, device_at=told_at),
        EntryDraft("agreed", actor, invitation.id, {"to": "recording", "yes": True}),
        EntryDraft("agreed", actor, invitation.id, {"to": "position", "yes": agreed_position}),
    ]
    if replaced:
        drafts.append(EntryDraft("holder_replaced", actor, invitation.id, {}))
    return drafts


def _without_secrets(redeemed: Redeemed) -> Redeemed:
    return replace(redeemed, login=replace(redeemed.login, token="", csrf=""))


async def _with_secrets(office: Office, kept: Redeemed, key: str) -> Redeemed:
    token = login_token(office, kept.login.login_id, key)
    login: Login = replace(kept.login, token=token, csrf=csrf_of(office, token))
    return replace(kept, login=login)


def _unknown() -> InspectionError:
    return InspectionError(Kind.NOT_FOUND, "invitation_unknown", "no such invitation")
