"""Staff accounts, signing in and out, and whose login a token is."""

from __future__ import annotations

import re
from datetime import timedelta

from inspection.domain.actor import Actor, Level, Role
from inspection.domain.errors import InspectionError, Kind, field_invalid, not_found
from inspection.domain.text import clean_text
from inspection.domain.users import LoginRecord, User
from inspection.services.access import require_role
from inspection.services.legible import stamped_name
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import Login
from inspection.services.secrets import csrf_of, derived_token, keyed_hash, new_id

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}", re.ASCII)
_PASSWORD_LEAST, _PASSWORD_MOST = 10, 128
_WRONG_TRIES, _WRONG_WINDOW = 10, timedelta(minutes=15)
_STAFF = (Role.INSPECTOR, Role.AUDITOR)


async def add_user(
    office: Office, *, username: str, password: str, role: Role, name: str, unit: str = "", badge: str = ""
) -> User:
    """Adds a member of staff. Raises `field_invalid`, `username_taken`, `character_not_supported`."""
    if role not in _STAFF:
        raise field_invalid("role", "inspector or auditor")
    if not _USERNAME.fullmatch(username):
        raise field_invalid("username", "2 to 32 of a-z, 0-9, dot, hyphen, underscore")
    _require_password(password)
    user = User(
        id=new_id(office),
        username=username,
        role=role,
        name=stamped_name(office, "name", name, 40),
        unit=clean_text("unit", unit, 60, least=0, one_line=True),
        badge=clean_text("badge", badge, 32, least=0, one_line=True),
        created_at=office.clock.now(),
    )
    password_hash = await office.passwords.hash(password)
    async with office.uow() as uow:
        if await uow.users.find_by_username(username) is not None:
            raise InspectionError(Kind.CONFLICT, "username_taken", "the user name is taken", field="username")
        await uow.users.add(user, password_hash)
        await uow.commit()
    return user


async def set_password(office: Office, username: str, password: str) -> User:
    """A new password; whoever was signed in by the old one is out. Raises `unknown`, `field_invalid`."""
    _require_password(password)
    password_hash = await office.passwords.hash(password)
    async with office.uow() as uow:
        found = await uow.users.find_by_username(username)
        if found is None:
            raise not_found("user")
        user = found[0]
        await uow.users.set_password_hash(user.id, password_hash)
        await uow.logins.revoke_user(user.id, office.clock.now())
        await uow.attempts.clear("sign_in", _subject(office, username))
        await uow.commit()
    return user


async def sign_in(office: Office, role: Role, username: str, password: str) -> Login:
    """Opens a login. Raises `sign_in_failed` (whatever was wrong, in equal time), `too_many_attempts`."""
    subject = _subject(office, username)
    async with office.reading() as uow:
        await _require_tries_left(office, uow, subject)
        found = await uow.users.find_by_username(username) if _USERNAME.fullmatch(username) else None
    password_hash = found[1] if found is not None else None
    right = await office.passwords.verify(password_hash, password[:_PASSWORD_MOST])
    async with office.uow() as uow:
        await _require_tries_left(office, uow, subject)
        if not right or found is None or found[0].role is not role:
            await uow.attempts.add("sign_in", subject, office.clock.now())
            await uow.commit()
            raise InspectionError(Kind.NOT_AUTHENTICATED, "sign_in_failed", "wrong user name or password")
        await uow.attempts.clear("sign_in", subject)
        login = await open_login(office, uow, found[0].as_actor(), new_key(office), user=found[0])
        await uow.commit()
    return login


async def sign_out(office: Office, role: Role, token: str) -> None:
    """Ends a login; an unknown token is no error."""
    async with office.uow() as uow:
        record = await uow.logins.find(keyed_hash(office, "login", token))
        if record is not None and record.role is role:
            await uow.logins.revoke(record.id, office.clock.now())
            await uow.commit()


async def find_login(office: Office, role: Role, token: str) -> Login | None:
    """The login of a token, if it still holds and is of that role."""
    async with office.reading() as uow:
        record = await uow.logins.find(keyed_hash(office, "login", token))
        if record is None or record.role is not role or not record.holds_at(office.clock.now()):
            return None
        return await _login_of(office, uow, record, token)


async def list_colleagues(office: Office, actor: Actor) -> list[User]:
    """The other inspectors, for choosing the second one."""
    require_role(actor, Role.INSPECTOR)
    async with office.reading() as uow:
        return [user for user in await uow.users.list(Role.INSPECTOR) if user.id != actor.id]


async def open_login(
    office: Office,
    uow: UnitOfWork,
    actor: Actor,
    key: str,
    *,
    user: User | None = None,
    inspection_id: str | None = None,
    session_id: str | None = None,
) -> Login:
    """Keeps a new login within the caller's transaction."""
    now = office.clock.now()
    login_id = new_id(office)
    token = login_token(office, login_id, key)
    expires_at = now + timedelta(hours=office.rules.login_hours)
    record = LoginRecord(
        id=login_id,
        token_hash=keyed_hash(office, "login", token),
        role=actor.role,
        user_id=user.id if user else None,
        inspection_id=inspection_id,
        session_id=session_id,
        created_at=now,
        expires_at=expires_at,
    )
    await uow.logins.add(record)
    csrf = csrf_of(office, token)
    return Login(login_id, token, csrf, actor, user, inspection_id, session_id, expires_at)


def login_token(office: Office, login_id: str, key: str) -> str:
    """The token of a login that was opened with that key."""
    return derived_token(office, "login-token", login_id, key)


def new_key(office: Office) -> str:
    """A key for a login that is never asked for again."""
    return office.random.token_bytes(16).hex()


def _subject(office: Office, username: str) -> str:
    return keyed_hash(office, "username", username[:_PASSWORD_MOST])


def _require_password(password: str) -> None:
    if not _PASSWORD_LEAST <= len(password) <= _PASSWORD_MOST:
        raise field_invalid("password", f"needs {_PASSWORD_LEAST} to {_PASSWORD_MOST} characters")


async def _login_of(office: Office, uow: UnitOfWork, record: LoginRecord, token: str) -> Login | None:
    user = await uow.users.find(record.user_id) if record.user_id else None
    actor = user.as_actor() if user else None
    if record.inspection_id is not None:
        inspection = await uow.inspections.find(record.inspection_id)
        actor = inspection.applicant.as_actor(Level.PHONE) if inspection else None
    if actor is None:
        return None
    csrf = csrf_of(office, token)
    return Login(record.id, token, csrf, actor, user, record.inspection_id, record.session_id, record.expires_at)


async def _require_tries_left(office: Office, uow: UnitOfWork, subject: str) -> None:
    now = office.clock.now()
    tries = await uow.attempts.since("sign_in", subject, now - _WRONG_WINDOW)
    if len(tries) < _WRONG_TRIES:
        return
    wait_s = int((tries[-_WRONG_TRIES] + _WRONG_WINDOW - now).total_seconds()) + 1
    raise InspectionError(Kind.NOT_ALLOWED, "too_many_attempts", "too many wrong tries", retry_after_s=max(wait_s, 1))
