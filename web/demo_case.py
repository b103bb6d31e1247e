"""Prepares the demo's case through the same services that the console uses: people, an inspection, an invitation."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from geo import Circle, Position
from inspection.domain.actor import Role
from inspection.domain.entry import Entry
from inspection.domain.errors import InspectionError
from inspection.domain.inspections import IdKind, Inspection, InspectionState
from inspection.domain.invitations import InvitationState, pickup_as_shown
from inspection.domain.sessions import Nature, SessionState
from inspection.domain.users import User
from inspection.services import accounts, inspections
from inspection.services.inspections import NewInspection
from inspection.services.ports import Office
from inspection.services.results import SessionCreated

PHONE = "13800138000"
PLACE = Position(30.2741, 120.1551)
PREMISES = "湖畔小馆（演示）"

Publish = Callable[[tuple[Entry, ...]], None]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A member of staff of the demo; the password is new at each start and kept nowhere."""

    username: str
    name: str
    role: Role
    badge: str
    password: str = ""


STAFF = (
    DemoPerson("demo-zhang", "张勘验", Role.INSPECTOR, "33010601"),
    DemoPerson("demo-li", "李勘验", Role.INSPECTOR, "33010602"),
    DemoPerson("demo-shen", "沈审计", Role.AUDITOR, "33010699"),
)


@dataclass(frozen=True, slots=True)
class DemoCase:
    """What was prepared, with the only sight of its secrets."""

    inspectors: tuple[DemoPerson, DemoPerson]
    auditor: DemoPerson
    inspection_id: str
    number: str
    session_id: str
    token: str
    pickup_code: str
    phone: str = PHONE

    @property
    def pickup_shown(self) -> str:
        return pickup_as_shown(self.pickup_code)

    def for_players(self, url: str, ca_path: Path | None, sms_outbox: Path) -> str:
        """The case as `examples.demo_day` reads it."""
        people = [{"username": one.username, "password": one.password} for one in (*self.inspectors, self.auditor)]
        case = {key: getattr(self, key) for key in ("inspection_id", "session_id", "pickup_code", "phone")}
        case |= {"url": url, "ca_path": str(ca_path or ""), "sms_outbox": str(sms_outbox)}
        return json.dumps({**case, "inspectors": people[:2], "auditor": people[2]})


async def prepare(office: Office, publish: Publish) -> DemoCase:
    """The same inspection as at the last start, unless it is concluded; a new session unless one is open."""
    people = [await _with_new_password(office, person) for person in STAFF]
    users = [user for _, user in people]
    first, second, auditor = (person for person, _ in people)
    inspection = await _find_inspection(office, users[0]) or await _open_inspection(office, users, publish)
    try:
        created = await _invite(office, users[0], inspection)
    except InspectionError:  # its session is live by an invitation whose secrets are gone
        inspection = await _open_inspection(office, users, publish)
        created = await _invite(office, users[0], inspection)
    publish(created.entries)
    return DemoCase(
        inspectors=(first, second),
        auditor=auditor,
        inspection_id=inspection.id,
        number=inspection.number,
        session_id=created.session.id,
        token=created.token,
        pickup_code=created.pickup_code,
    )


async def _with_new_password(office: Office, person: DemoPerson) -> tuple[DemoPerson, User]:
    password = easy_password()
    given = replace(person, password=password)
    try:
        user = await accounts.set_password(office, person.username, password)
    except InspectionError as error:
        if error.code != "unknown":
            raise
        user = await accounts.add_user(
            office,
            username=person.username,
            password=password,
            role=person.role,
            name=person.name,
            unit=office.rules.unit_name,
            badge=person.badge,
        )
    return given, user


def easy_password() -> str:
    """Twelve characters of 31 that nobody confuses, in groups of four: 59 bits."""
    groups = ("".join(secrets.choice(_EASY) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


async def _find_inspection(office: Office, inspector: User) -> Inspection | None:
    own = await inspections.list_inspections(office, inspector.as_actor())
    fitting = (one for one in own if one.premises.name == PREMISES and one.state is not InspectionState.CONCLUDED)
    return next(fitting, None)


async def _open_inspection(office: Office, users: list[User], publish: Publish) -> Inspection:
    new = NewInspection(
        item_id="food_business",
        premises_name=PREMISES,
        address="杭州市西湖区演示路 1 号",
        position=PLACE,
        fence=Circle(PLACE, 80.0),
        applicant_name="湖畔小馆餐饮店",
        id_kind=IdKind.USCC,
        id_number="92330106MA27XYR8TE",
        phone=PHONE,
        second_inspector_id=users[1].id,
    )
    opened = await inspections.open_inspection(office, users[0].as_actor(), new, secrets.token_hex(16))
    publish(opened.entries)
    return opened.inspection


async def _invite(office: Office, inspector: User, inspection: Inspection) -> SessionCreated:
    """Asked with a key per session, so that asking again for one that is still open gives the same invitation.

    Raises InspectionError where that cannot be done any more.
    """
    actor = inspector.as_actor()
    detail = await inspections.get_inspection(office, actor, inspection.id)
    still_open = [one.session for one in detail.sessions if one.session.state is not SessionState.ENDED]
    usable = {held.session_id for held, state in detail.invitations if state in _USABLE}
    again = next((session for session in still_open if session.id in usable), None)
    number = again.number if again else len(detail.sessions) + 1
    key = f"demo-{inspection.id}-{number}"
    return await inspections.create_session(office, actor, inspection.id, Nature.VERIFICATION, key)


_EASY = "abcdefghjkmnpqrstuvwxyz23456789"
_USABLE = (InvitationState.OPEN, InvitationState.USED)
