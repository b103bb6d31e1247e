"""The whole server, with its child processes, on a port of its own; and the people who use it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from inspection.domain.actor import Role
from inspection.services import accounts
from web.client import Json, PublicClient
from web.office import open_office
from web.serving import running
from web.settings import Settings

PASSWORD = "correct horse battery"
POSITION = {"latitude": 26.0745, "longitude": 119.2965, "datum": "WGS84"}


@dataclass
class SharedLogin:
    csrf: str
    cookies: dict[str, str]
    uses_left: int = 5


@dataclass
class Served:
    """A running server. Every person comes from an address of their own, so that they do not share a rate limit."""

    url: str
    data: Path
    clients: list[aiohttp.ClientSession] = field(default_factory=list)
    addresses: Any = field(default_factory=lambda: count(1))
    phones: Any = field(default_factory=lambda: count(13800000000))
    logins: dict[str, SharedLogin] = field(default_factory=dict)

    def person(self, role: str) -> PublicClient:
        number = next(self.addresses)
        http = aiohttp.ClientSession(
            headers={"X-Forwarded-For": f"198.51.{number // 250}.{number % 250 + 1}"},
            cookie_jar=aiohttp.CookieJar(
                unsafe=True, treat_as_secure_origin=[self.url, self.url.replace("http", "ws", 1)]
            ),
        )
        self.clients.append(http)
        return PublicClient(self.url, role, http)

    async def staff(self, username: str) -> PublicClient:
        """Signed in. Hashing a password takes its time, so a login is shared, by few enough for its rate limit."""
        person = self.person("auditor" if username == "zhao" else "inspector")
        held = self.logins.get(username)
        if held is None or held.uses_left == 0:
            await person.sign_in(username, PASSWORD)
            cookies = {cookie.key: cookie.value for cookie in http_of(person).cookie_jar}
            held = self.logins[username] = SharedLogin(person.csrf, cookies)
        held.uses_left -= 1
        person.csrf = held.csrf
        http_of(person).cookie_jar.update_cookies(held.cookies, URL(self.url))
        return person

    async def case(self, nature: str = "guidance", agreed_position: bool = True) -> Case:
        """An inspection of two inspectors with an invited applicant, everybody signed in, nobody connected."""
        inspector, second = await self.staff("li"), await self.staff("wang")
        colleagues = (await inspector.get("/api/inspector/colleagues"))["users"]
        phone = str(next(self.phones))
        opened = await inspector.post("/api/inspector/inspections", case_body(phone, colleagues[0]["id"]))
        path = f"/api/inspector/inspections/{opened['id']}"
        created = await inspector.post(f"{path}/sessions", {"nature": nature})
        token = created["invitation"]["link"].rsplit("/", 1)[1]
        applicant = await self.come_in(token, phone, agreed_position)
        return Case(self, opened["id"], created["session"]["id"], token, phone, inspector, second, applicant)

    async def come_in(self, token: str, phone: str, agreed_position: bool = True) -> PublicClient:
        applicant = self.person("applicant")
        await applicant.post("/api/applicant/invitations/send-code", {"token": token})
        body = {
            "token": token, "code": self.code_sent_to(phone), "told_at": "2026-05-06T01:29:00Z",
            "agreed_position": agreed_position,
        }  # fmt: skip
        applicant.csrf = (await applicant.post("/api/applicant/invitations/redeem", body))["csrf"]
        return applicant

    def code_sent_to(self, phone: str) -> str:
        lines = (self.data / "outbox" / "sms.jsonl").read_text("utf-8").splitlines()
        texts = [sent["text"] for line in lines if (sent := json.loads(line))["phone"] == phone]
        return str(texts[-1].split("验证码")[1][:6])


@dataclass
class Case:
    """A session and its people."""

    served: Served
    id: str
    session_id: str
    token: str
    phone: str
    inspector: PublicClient
    second: PublicClient
    applicant: PublicClient

    async def go_live(self) -> None:
        """The inspector and the applicant have joined."""
        for person in (self.inspector, self.applicant):
            await person.connect()
            await person.join(self.session_id)

    async def entries(self, kind: str) -> list[Json]:
        """What the ledger holds of a kind, asked over HTTP."""
        page = await self.inspector.get(f"/api/inspector/inspections/{self.id}/entries?limit=1000")
        return [entry for entry in page["entries"] if entry["kind"] == kind]


@asynccontextmanager
async def serve(data: Path, **more: Any) -> AsyncIterator[Served]:
    """Plain HTTP, as behind a proxy: certificates have tests of their own. `more`: further settings."""
    port = free_port()
    settings = Settings(
        data=data, host="127.0.0.1", port=port, behind_proxy=True, trusted_proxies=(ip_network("127.0.0.0/8"),),
        relay_loopback=True, udp_ports=(45100, 45999), **more,
    )  # fmt: skip
    async with open_office(settings) as opened:
        for username, role, name in (
            ("li", Role.INSPECTOR, "李雷"), ("wang", Role.INSPECTOR, "王芳"), ("zhao", Role.AUDITOR, "赵敏"),
        ):  # fmt: skip
            await accounts.add_user(
                opened.office, username=username, password=PASSWORD, role=role, name=name, unit="勘验科", badge="001"
            )
    served = Served(f"http://127.0.0.1:{port}", data)
    async with running(settings):
        try:
            yield served
        finally:
            for http in served.clients:
                await http.close()


def http_of(person: PublicClient) -> aiohttp.ClientSession:
    return person._http  # a test looks into a browser's cookies


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def case_body(phone: str, second_inspector_id: str) -> Json:
    return {
        "item_id": "food_business",
        "premises": {
            "name": "闽味小馆", "address": "福州市鼓楼区东街1号", "position": POSITION,
            "fence": {"kind": "circle", "radius_m": 80},
        },
        "applicant": {"name": "陈小明", "id_kind": "uscc", "id_number": "91350100M000100Y43", "phone": phone},
        "second_inspector_id": second_inspector_id,
    }  # fmt: skip


class Watch:
    """Keeps what a person's socket is told under one event; `next` waits for the first that fits."""

    def __init__(self, person: PublicClient, event: str) -> None:
        self.told: list[Json] = []
        self._changed = asyncio.Condition()
        person.socket.on(event, self._take, namespace=person.namespace)

    async def _take(self, message: Json) -> None:
        async with self._changed:
            self.told.append(message)
            self._changed.notify_all()

    async def next(self, timeout_s: float = 10.0, **fields: Any) -> Json:
        return await self.first(lambda told: fields.items() <= told.items(), timeout_s)

    async def first(self, fits: Callable[[Json], bool], timeout_s: float = 10.0) -> Json:
        def found() -> list[Json]:
            return [told for told in self.told if fits(told)]

        async with asyncio.timeout(timeout_s), self._changed:
            await self._changed.wait_for(lambda: bool(found()))
        return found()[0]


async def raw_call(person: PublicClient, event: str, *arguments: Any) -> Any:
    """An event with whatever arguments, and its acknowledgement as it is."""
    data = arguments[0] if len(arguments) == 1 else tuple(arguments) if arguments else None
    return await person.socket.call(event, data, namespace=person.namespace, timeout=10)
