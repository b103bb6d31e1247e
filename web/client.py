"""A client of the public interface for programs: HTTPS, the session sockets, nothing that a browser could not do.

The robot applicant, `yuntakan demo --check` and the tests act through it, so whatever they show, a person can do too.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import socketio

ACK_TIMEOUT_S = 15.0

Json = dict[str, Any]


class Refused(Exception):
    """The server answered with a coded error; `code` is stable, `body` the whole problem."""

    def __init__(self, code: str, body: Json) -> None:
        super().__init__(f"{code}: {body.get('detail') or body.get('message') or ''}")
        self.code = code
        self.body = body


@dataclass
class EventLog:
    """The entries of one inspection as the socket delivered them; `wait_for` returns the first that fits."""

    entries: list[Json] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def add(self, entry: Json) -> None:
        """In `seq` order, each once: what was missed comes with the answer to a join, after newer entries."""
        async with self.changed:
            place = bisect_left(self.entries, entry["seq"], key=lambda held: held["seq"])
            if place == len(self.entries) or self.entries[place]["seq"] != entry["seq"]:
                self.entries.insert(place, entry)
            self.changed.notify_all()

    async def wait_for(self, fits: Callable[[Json], bool], timeout_s: float) -> Json:
        """Raises TimeoutError when no entry fits in time."""

        def found() -> Json | None:
            return next((entry for entry in self.entries if fits(entry)), None)

        async with asyncio.timeout(timeout_s), self.changed:
            await self.changed.wait_for(lambda: found() is not None)
        entry = found()
        assert entry is not None  # the condition above held
        return entry


class PublicClient:
    """One person's browser, without the browser: a cookie jar, a CSRF token and at most one session socket."""

    def __init__(self, url: str, role: str, http: aiohttp.ClientSession) -> None:
        self.url = url.rstrip("/")
        self.role = role
        self.csrf = ""
        self.log = EventLog()
        self.last_seq = 0
        self._http = http
        self.socket = socketio.AsyncClient(http_session=http, reconnection=True, reconnection_delay_max=3)
        self.socket.on("entry", self._on_entry, namespace=self.namespace)

    @property
    def namespace(self) -> str:
        return f"/{self.role}"

    async def get(self, path: str) -> Json:
        return await self._json("GET", path)

    async def post(self, path: str, body: Json | None = None) -> Json:
        return await self._json("POST", path, json=body or {})

    async def post_form(self, path: str, fields: Json, photo: bytes | None = None) -> Json:
        form = aiohttp.FormData()
        for name, value in fields.items():
            form.add_field(name, value)
        if photo is not None:
            form.add_field("photo", photo, filename="photo.jpg", content_type="image/jpeg")
        return await self._json("POST", path, data=form)

    async def get_bytes(self, path: str) -> bytes:
        async with self._http.get(self.url + path) as response:
            if response.status >= 400:
                raise Refused("http_error", {"status": response.status})
            return await response.read()

    async def sign_in(self, username: str, password: str) -> Json:
        answer = await self.post(f"/api/{self.role}/login", {"username": username, "password": password})
        self.csrf = answer["csrf"]
        return answer

    async def connect(self) -> None:
        await self.socket.connect(
            self.url,
            namespaces=[self.namespace],
            auth={"csrf": self.csrf},
            headers={"Origin": self.url},
            transports=["websocket"],
            wait_timeout=15,
        )

    async def join(self, session_id: str) -> Json:
        joined = await self.call("session:join", {"session_id": session_id, "after_seq": self.last_seq})
        for entry in joined["entries"]:
            await self._on_entry({"entry": entry})
        return joined

    async def act(self, event: str, message: Json) -> Json:
        """A command with an idempotency key of its own."""
        return await self.call(event, {"key": secrets.token_hex(16), **message})

    async def call(self, event: str, message: Json) -> Json:
        """Raises Refused with the server's code, TimeoutError of socketio when no answer came."""
        ack = await self.socket.call(event, message, namespace=self.namespace, timeout=ACK_TIMEOUT_S)
        if not ack["ok"]:
            raise Refused(ack["error"]["code"], ack["error"])
        result: Json = ack["result"] or {}
        return result

    async def aclose(self) -> None:
        """Also ends attempts to come back, which would open a connection of their own after this one is gone."""
        await self.socket.shutdown()

    async def _on_entry(self, message: Json) -> None:
        entry = message["entry"]
        self.last_seq = max(self.last_seq, entry["seq"])
        await self.log.add(entry)

    async def _json(self, method: str, path: str, **arguments: Any) -> Json:
        headers = {"Origin": self.url}
        if method != "GET":
            headers |= {"X-CSRF-Token": self.csrf, "Idempotency-Key": secrets.token_hex(16)}
        async with self._http.request(method, self.url + path, headers=headers, **arguments) as response:
            body: Json = await response.json(content_type=None) if response.status != 204 else {}
            if response.status >= 400:
                raise Refused(body.get("code", "http_error"), body)
            return body


@asynccontextmanager
async def public_client(url: str, role: str, ca_path: Path | None) -> AsyncIterator[PublicClient]:
    """A client that trusts the given certificate authority besides the system's (None: the system's alone)."""
    trust = ssl.create_default_context()
    if ca_path is not None:
        trust.load_verify_locations(ca_path)
    connector = aiohttp.TCPConnector(ssl=trust)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
        client = PublicClient(url, role, http)
        try:
            yield client
        finally:
            await client.aclose()
