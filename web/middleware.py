"""What every request passes: an id, errors in one form, and headers that tell browsers what is allowed."""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from web.keys import OWN_ORIGIN, RATE_LIMITS, SETTINGS
from web.problems import as_response, problem_of

REQUEST_ID = web.RequestKey("request_id", str)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HOST = re.compile(r"[A-Za-z0-9.\-_:\[\]]+")
_PERMISSIONS = "camera=(self), microphone=(self), geolocation=(self), display-capture=(), payment=(), usb=()"


def middlewares() -> list[Any]:
    """Outermost first."""
    return [answer_errors, limit_addresses]


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Gives the request its id, and turns what was raised below `/api` into problem+json."""
    request_id = secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400 or not is_api(request):
            raise
        return as_response(problem_of(error, request_id))
    except ConnectionError:
        raise  # the client went away: nobody is left to answer
    except Exception as error:  # whatever it is, the client must get a coded answer
        return as_response(problem_of(error, request_id))


@web.middleware
async def limit_addresses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A bound on what one address may ask of the API."""
    if is_api(request):
        request.app[RATE_LIMITS].take("address", request.app[OWN_ORIGIN].client_address(request))
    return await handler(request)


def is_api(request: web.Request) -> bool:
    return request.path.startswith("/api/")


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """For `on_response_prepare`, so that files and streams have them too."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _policy(request))
    headers.setdefault("Permissions-Policy", _PERMISSIONS)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("X-Request-ID", request.get(REQUEST_ID, ""))
    if _is_named_host(request):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


def _policy(request: web.Request) -> str:
    """Nothing, and then the least: our own scripts, pictures of the map's tiles, our own sockets."""
    own = request.app[OWN_ORIGIN].public_origin(request)
    socket = own.replace("http", "ws", 1)
    sockets = f" {socket}" if _HOST.fullmatch(socket.partition("://")[2]) else ""
    tiles = tile_source(request.app[SETTINGS].map_tile_url)
    return "; ".join((
        "default-src 'none'", "script-src 'self'", "style-src 'self' 'unsafe-inline'",
        f"img-src 'self' data: blob:{' ' + tiles if tiles else ''}", "media-src 'self' blob:",
        f"connect-src 'self'{sockets}", "font-src 'self' data:", "manifest-src 'self'", "worker-src 'self'",
        "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'",
    ))  # fmt: skip


def tile_source(tile_url: str) -> str:
    """The CSP source of a tile URL such as `https://{s}.tiles.example/{z}/{x}/{y}.png`; empty where there is none."""
    parts = urlsplit(tile_url)
    host = re.sub(r"^[^.]*\{s\}[^.]*\.", "*.", parts.netloc)
    return f"{parts.scheme}://{host}" if parts.scheme in ("http", "https") and "{" not in host else ""


def _is_named_host(request: web.Request) -> bool:
    """HSTS holds for all ports of a host: it would take `localhost` from its owner's other servers."""
    scheme, _, host = request.app[OWN_ORIGIN].public_origin(request).partition("://")
    name = host.rsplit(":", 1)[0].strip("[]")
    if scheme != "https" or name == "localhost" or "." not in name:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return True
    return False
