"""An endpoint as data, and the one way from a request to its handler: who, from where, with which right, what body."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import Entry
from inspection.domain.errors import InspectionError, Kind, field_invalid, not_found
from inspection.services.ports import Office
from inspection.services.results import Login
from web.keys import FEED, NAMESPACES, OFFICE, OWN_ORIGIN, RATE_LIMITS
from web.problems import media_type_unsupported, too_large
from web.security import get_login, require_csrf, require_own_origin

MOST_BODY_BYTES = 256 * 1024
LONGEST_BODY_S = 30.0
KEY_HEADER = "Idempotency-Key"

Answer = BaseModel | web.StreamResponse
_ID = re.compile(r"[a-z2-7]{26}")
_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way to its handler. `login` is None only where nobody needs to be signed in."""

    request: web.Request
    role: Role | None
    found: Login | None
    key: str

    @property
    def office(self) -> Office:
        return self.request.app[OFFICE]

    @property
    def login(self) -> Login:
        assert self.found is not None  # the endpoint has a role
        return self.found

    @property
    def actor(self) -> Actor:
        return self.login.actor

    def id(self, name: str) -> str:
        """An id of the path; raises `unknown` for what cannot be one."""
        text = self.request.match_info[name]
        if not _ID.fullmatch(text):
            raise not_found(name)
        return text

    def number(self, name: str, default: int, most: int) -> int:
        """A number of the query, from 0."""
        text = self.request.query.get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or int(text) > most:
            raise field_invalid(name, f"a number up to {most}")
        return int(text)

    def language(self) -> Literal["zh-CN", "en"]:
        """The language that the query asks for; Chinese without a word."""
        match self.request.query.get("language", "zh-CN"):
            case "zh-CN":
                return "zh-CN"
            case "en":
                return "en"
        raise field_invalid("language", "zh-CN or en")

    def publish(self, entries: Iterable[Entry]) -> None:
        """Live pages see at once what was just put on record."""
        self.request.app[FEED].publish(entries)

    async def drop_signed_out(self) -> None:
        """After a login ended: its session socket ends with it."""
        for namespace in self.request.app[NAMESPACES]:
            await namespace.drop_signed_out()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`role` None: nobody needs to be signed in. `body` is the model of a JSON body, `result` of the answer."""

    method: str
    path: str
    role: Role | None
    run: Callable[..., Awaitable[Answer]]
    body: type[BaseModel] | None = None
    result: type[BaseModel] | None = None
    limit: str = "login"

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Checks in the order of what costs least, then runs."""
        call = await self._admit(request)
        arguments = [await read_json(request, self.body)] if self.body is not None else []
        answered = await self.run(call, *arguments)
        return answered if isinstance(answered, web.StreamResponse) else as_json(answered)

    async def _admit(self, request: web.Request) -> Call:
        app = request.app
        if self.changes:
            require_own_origin(app[OWN_ORIGIN], request)
        if self.role is None or self.limit != "login":
            app[RATE_LIMITS].take(self.limit, app[OWN_ORIGIN].client_address(request))
        if self.role is None:
            return Call(request, None, None, _key(request))
        login = await get_login(app[OFFICE], self.role, request)
        if self.changes:
            require_csrf(login, request)
            app[RATE_LIMITS].take("login", login.login_id)
        return Call(request, self.role, login, _key(request))


def as_json(model: BaseModel, status: int = 200) -> web.Response:
    return web.Response(
        status=status,
        text=model.model_dump_json(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def read_json(request: web.Request, model: type[BaseModel]) -> Any:
    """The body, checked. Raises `media_type_unsupported`, `too_large`, ValidationError."""
    if request.content_type != "application/json":
        raise media_type_unsupported("application/json")
    return model.model_validate_json(await read_bounded(request, MOST_BODY_BYTES))


async def read_bounded(request: web.Request, most_bytes: int) -> bytes:
    """The whole body; raises `too_large` as soon as it is known to be, HTTP 408 when it takes for ever."""
    if (request.content_length or 0) > most_bytes:
        raise too_large(most_bytes)
    body = bytearray()
    async with in_time(LONGEST_BODY_S):
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > most_bytes:
                raise too_large(most_bytes)
    return bytes(body)


@asynccontextmanager
async def in_time(longest_s: float) -> AsyncIterator[None]:
    """What a client sends within the block is waited for so long, then refused by HTTP 408."""
    try:
        async with asyncio.timeout(longest_s):
            yield
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def _key(request: web.Request) -> str:
    given = request.headers.get(KEY_HEADER)
    if given is None:
        return secrets.token_hex(16)
    if not _KEY.fullmatch(given):
        raise InspectionError(
            Kind.INVALID, "field_invalid", f"{KEY_HEADER}: 8 to 64 of A-Z a-z 0-9 _ -", field=KEY_HEADER
        )
    return given
