"""The HTTP edge over an office on a real SQLite file, reached by a real client over a real socket."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, CookieJar, web
from aiohttp.test_utils import TestServer

from inspection.domain.entry import Entry
from inspection.services.media_ledger import MediaLedger
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.office_certificate import load_or_create_certificate
from media.config import RelayConfig
from media.errors import Kind as MediaKind
from media.errors import MediaError
from media.relay_supervisor import RelaySupervisor
from media.stills_port import Replay
from signaling.feed import EntryFeed
from tests.inspection.services.office import House, open_house
from web import keys
from web.middleware import middlewares
from web.probes import Probes
from web.rate_limit import RateLimits
from web.replay_jobs import ReplayJobs
from web.routes import add_routes
from web.security import OwnOrigin
from web.settings import Settings

Json = dict[str, Any]
PASSWORD = "correct horse battery"


@dataclass
class Reply:
    """An answer, read whole."""

    status: int
    headers: Any
    raw: bytes
    json: Any

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Browser:
    """One person's browser: a cookie jar, and what our pages send with each request."""

    def __init__(self, url: str, http: ClientSession, role: str) -> None:
        self.url = url
        self.http = http
        self.role = role
        self.csrf = ""

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.send("GET", path, headers=headers)

    async def post(self, path: str, body: Any = None, *, key: str | None = None, **more: Any) -> Reply:
        return await self.send("POST", path, json={} if body is None else body, key=key, **more)

    async def send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, key: str | None = None, **more: Any
    ) -> Reply:
        sent = {"Origin": self.url, "X-CSRF-Token": self.csrf} if method != "GET" else {}
        sent |= {"Idempotency-Key": key or secrets.token_hex(8)} | (headers or {})
        sent = {name: value for name, value in sent.items() if value != ""}
        async with self.http.request(method, self.url + path, headers=sent, **more) as response:
            return await _read(response)

    async def sign_in(self, username: str) -> Json:
        reply = await self.post(f"/api/{self.role}/login", {"username": username, "password": PASSWORD})
        assert reply.status == 200, reply.raw
        self.csrf = reply.json["csrf"]
        return dict(reply.json)


async def _read(response: ClientResponse) -> Reply:
    raw = await response.read()
    is_json = response.content_type in ("application/json", "application/problem+json")
    return Reply(response.status, response.headers, raw, await response.json(content_type=None) if is_json else None)


@dataclass
class Edge:
    """The served office. `browser(role)` opens a new one with its own cookies."""

    house: House
    app: web.Application
    url: str
    films: dict[str, bytes]
    browsers: list[ClientSession]

    def browser(self, role: str) -> Browser:
        jar = CookieJar(unsafe=True, treat_as_secure_origin=[self.url])
        http = ClientSession(cookie_jar=jar)
        self.browsers.append(http)
        return Browser(self.url, http, role)

    async def inspector(self, username: str = "li") -> Browser:
        browser = self.browser("inspector")
        await browser.sign_in(username)
        return browser

    async def auditor(self) -> Browser:
        browser = self.browser("auditor")
        await browser.sign_in("zhao")
        return browser

    async def kinds(self, inspection_id: str) -> list[str]:
        return await self.house.kinds(inspection_id)


@asynccontextmanager
async def open_edge(data: Path, migrated: Path, trusted_proxies: tuple[str, ...] = ()) -> AsyncIterator[Edge]:
    """`migrated`: an empty database at the newest schema, since making one takes most of a test's time."""
    shutil.copyfile(migrated, data / "yuntakan.db")
    house = open_house(data)
    films: dict[str, bytes] = {}
    app = web.Application(middlewares=middlewares())
    ledger = MediaLedger(house.office.uow, house.clock, _nothing)
    ledger.start()
    feed = EntryFeed(_no_entries, _emit_nothing)
    feed.start()
    jobs = ReplayJobs(data / "evidence", _film_maker(films))
    jobs.start()
    networks = tuple(ip_network(text) for text in trusted_proxies)
    settings = Settings(data=data, trusted_proxies=networks)
    (data / "evidence").mkdir(exist_ok=True)
    app[keys.SETTINGS] = settings
    app[keys.OFFICE] = house.office
    app[keys.FEED] = feed
    app[keys.NAMESPACES] = ()
    app[keys.MEDIA_LEDGER] = ledger
    app[keys.EVIDENCE] = EvidenceFiles(data / "evidence", floor_bytes=0)
    certificate = load_or_create_certificate(data / "keys" / "c2pa.pem", "示范县行政审批局", house.clock.now())
    app[keys.CERTIFICATE] = certificate
    app[keys.EVIDENCE_ROOT] = data / "evidence"
    app[keys.REPLAY_JOBS] = jobs
    app[keys.RATE_LIMITS] = RateLimits()
    app[keys.OWN_ORIGIN] = OwnOrigin(settings)
    app[keys.PROBES] = probes = Probes(RelayConfig(loopback=True))
    app[keys.RELAY] = RelaySupervisor(RelayConfig(), data / "relay.sock")
    add_routes(app)
    server = TestServer(app)
    await server.start_server()
    edge = Edge(house, app, str(server.make_url("")).rstrip("/"), films, [])
    try:
        yield edge
    finally:
        for http in edge.browsers:
            await http.close()
        await server.close()
        for closing in (probes.aclose, jobs.aclose, feed.aclose, ledger.aclose, house.aclose):
            await closing()


async def _nothing(entries: tuple[Entry, ...]) -> None:
    """Nobody watches."""


async def _no_entries(inspection_id: str, seq: int) -> tuple[Entry, ...]:
    return ()


async def _emit_nothing(inspection_id: str, entry: Entry) -> None:
    """Nobody watches."""


def _film_maker(films: dict[str, bytes]) -> Any:
    """Stands for the process that makes films: writes what the test put in for that session."""

    async def make(session_folder: Path, out: Path, container: str | None) -> Replay:
        film = films.get(session_folder.name)
        if film is None:
            raise MediaError(MediaKind.NOT_FOUND, "nothing_recorded")
        out.write_bytes(film)
        return Replay(
            1_778_030_000_000_000, 2_000, container or "webm", container is not None, len(film),
            hashlib.sha256(film).hexdigest(), (("a" * 26, 4_000),),
        )  # fmt: skip

    return make


def case_body(**changed: Any) -> Json:
    body: Json = {
        "item_id": "food_business",
        "premises": {
            "name": "闽味小馆",
            "address": "福州市鼓楼区东街1号",
            "position": {"latitude": 26.0745, "longitude": 119.2965, "datum": "WGS84"},
            "fence": {"kind": "circle", "radius_m": 80},
        },
        "applicant": {
            "name": "陈小明",
            "id_kind": "uscc",
            "id_number": "91350100M000100Y43",
            "phone": "138 0000 1234",
        },
    }
    return body | changed


async def come_in(edge: Edge, invitation: Json) -> Browser:
    """An applicant's browser, by link, notice and code."""
    browser = edge.browser("applicant")
    token = invitation["link"].rsplit("/", 1)[1]
    assert (await browser.post("/api/applicant/invitations/look-up", {"token": token})).status == 200
    assert (await browser.post("/api/applicant/invitations/send-code", {"token": token})).status == 200
    body = {
        "token": token,
        "code": edge.house.sms.last_code(),
        "told_at": "2026-05-06T01:29:00Z",
        "agreed_position": True,
    }
    reply = await browser.post("/api/applicant/invitations/redeem", body)
    assert reply.status == 200, reply.raw
    browser.csrf = reply.json["csrf"]
    return browser
