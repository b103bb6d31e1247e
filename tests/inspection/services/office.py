"""An office on a real SQLite file, with a clock that stands still and a seeded generator."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher

from geo import Circle, Position
from inspection.domain.actor import Actor, Role
from inspection.domain.errors import InspectionError, Kind
from inspection.domain.inspections import IdKind, Inspection
from inspection.domain.sessions import Nature
from inspection.domain.users import User
from inspection.services import accounts, inspections, invitations, sessions
from inspection.services.checkpoint_feed import CheckpointFeed
from inspection.services.inspections import NewInspection
from inspection.services.ports import Office, OfficeRules
from inspection.services.results import Login, SessionCreated
from inspection.store.database import Database, open_database
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.master_key import open_master_key
from inspection.store.migration import upgrade
from inspection.store.passwords import Argon2Passwords
from inspection.store.pictures import LimitedPictures
from inspection.store.signer import load_or_create_signer
from inspection.store.templates_file import load_templates

START = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
PHONE = "13800001234"
USCC = "91350100M000100Y43"
PASSWORD = "correct horse battery"
HOME = Position(26.0745, 119.2965)


@dataclass
class FixedClock:
    """Moves only when told."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class SeededRandom:
    """The same bytes in every run."""

    def __init__(self, seed: int = 1) -> None:
        self._source = random.Random(seed)

    def token_bytes(self, count: int) -> bytes:
        return self._source.randbytes(count)


@dataclass
class KeptSms:
    """A gateway that keeps what it took over; it can be broken."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    async def send(self, phone: str, text: str) -> None:
        if self.broken:
            raise InspectionError(Kind.UNAVAILABLE, "sms_unavailable", "broken")
        self.sent.append((phone, text))

    async def forget(self, phone: str) -> None:
        if self.broken:
            raise InspectionError(Kind.UNAVAILABLE, "sms_unavailable", "broken")
        self.sent = [message for message in self.sent if message[0] != phone]

    def last_code(self) -> str:
        text = self.sent[-1][1]
        return text.split("验证码")[1][:6]


@dataclass
class House:
    """The office with its adapters at hand."""

    office: Office
    database: Database
    clock: FixedClock
    sms: KeptSms
    passwords: Argon2Passwords
    data: Path
    _keys: int = 0

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    async def aclose(self) -> None:
        await self.database.aclose()
        await self.passwords.aclose()

    async def staff(self, username: str, role: Role = Role.INSPECTOR, name: str = "张三") -> User:
        return await accounts.add_user(
            self.office,
            username=username,
            password=PASSWORD,
            role=role,
            name=name,
            unit="勘验科",
            badge=f"No.{username}",
        )

    async def opened(self, actor: Actor, **changed: object) -> Inspection:
        done = await inspections.open_inspection(self.office, actor, new_inspection(**changed), self.key())
        return done.inspection

    async def invited(self, actor: Actor, inspection: Inspection, nature: Nature = Nature.GUIDANCE) -> SessionCreated:
        return await inspections.create_session(self.office, actor, inspection.id, nature, self.key())

    async def redeemed(self, created: SessionCreated, agreed_position: bool = True) -> Login:
        await invitations.send_code(self.office, created.token)
        done = await invitations.redeem(
            self.office,
            token=created.token,
            code=self.sms.last_code(),
            told_at=self.clock.now(),
            agreed_position=agreed_position,
            key=self.key(),
        )
        return done.login

    async def kinds(self, inspection_id: str) -> list[str]:
        async with self.office.reading() as uow:
            return [entry.kind for entry in await uow.entries.list(inspection_id, 0, 1000)]


@dataclass
class Live:
    """A live session with everybody in it."""

    house: House
    inspection: Inspection
    session_id: str
    inspector: Actor
    second: Actor
    applicant: Actor
    created: SessionCreated

    @property
    def office(self) -> Office:
        return self.house.office

    def key(self) -> str:
        return self.house.key()


def open_house(data: Path, seed: int = 1, clock: FixedClock | None = None) -> House:
    clock = clock or FixedClock()
    upgrade(data / "yuntakan.db")
    signer = load_or_create_signer(data / "keys" / "ledger.ed25519")
    feed = CheckpointFeed()
    master = open_master_key(data / "yuntakan.db", data / "keys" / "master.aes")
    database = open_database(data / "yuntakan.db", signer, clock, master, news=feed)
    sms = KeptSms()
    passwords = Argon2Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    office = Office(
        uow=database.uow,
        reading=database.reading,
        clock=clock,
        random=SeededRandom(seed),
        pepper=b"p" * 32,
        sms=sms,
        passwords=passwords,
        evidence=EvidenceFiles(data / "evidence", floor_bytes=0),
        pictures=LimitedPictures(),
        signer=signer,
        templates=load_templates(),
        rules=OfficeRules(),
        checkpoint_feed=feed,
    )
    return House(office, database, clock, sms, passwords, data)


async def go_live(house: House, nature: Nature = Nature.GUIDANCE, agreed_position: bool = True) -> Live:
    inspector = (await house.staff("li")).as_actor()
    second = (await house.staff("wang", name="王五")).as_actor()
    inspection = await house.opened(inspector, second_inspector_id=second.id)
    created = await house.invited(inspector, inspection, nature)
    applicant = (await house.redeemed(created, agreed_position)).actor
    for actor in (inspector, applicant):
        await sessions.join(house.office, actor, created.session.id)
    return Live(house, inspection, created.session.id, inspector, second, applicant, created)


def new_inspection(**changed: object) -> NewInspection:
    fields: dict[str, object] = {
        "item_id": "food_business",
        "premises_name": "闽味小馆",
        "address": "福州市鼓楼区东街1号",
        "position": HOME,
        "fence": Circle(HOME, 80.0),
        "applicant_name": "陈𠮷",
        "id_kind": IdKind.USCC,
        "id_number": USCC,
        "phone": PHONE,
        "second_inspector_id": None,
    }
    return NewInspection(**{**fields, **changed})  # type: ignore[arg-type]


def in_days(days: int) -> date:
    return (START + timedelta(days=days)).date()


def north_of(position: Position, metres: float) -> Position:
    return Position(position.latitude + metres / 111_195.0, position.longitude)
