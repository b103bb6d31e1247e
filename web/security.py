"""Who asks, and from where: our own origin, the client's address, the role's cookie, the CSRF token."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from aiohttp import web

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError, Kind
from inspection.services import accounts
from inspection.services.ports import Office
from inspection.services.results import Login
from signaling.gate import cookie_name

CSRF_HEADER = "X-CSRF-Token"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class ProxyRules(Protocol):
    """What the settings say about proxies. `public_url` overrides what requests say about themselves."""

    @property
    def trusted_proxies(self) -> Sequence[Network]: ...
    @property
    def public_url(self) -> str | None: ...


class OwnOrigin:
    """Decides what of a request's headers to believe: `X-Forwarded-*` only from the listed proxies."""

    def __init__(self, rules: ProxyRules) -> None:
        self._proxies = tuple(rules.trusted_proxies)
        self._public_url = rules.public_url.rstrip("/") if rules.public_url else None

    def __call__(self, request: web.Request) -> bool:
        """Whether the page that asks is of this server. No Origin header at all is a refusal."""
        origins = request.headers.getall("Origin", [])
        return len(origins) == 1 and origins[0] in (self.public_origin(request), self._seen_origin(request))

    def public_origin(self, request: web.Request) -> str:
        """`https://host[:port]` as the client knows us."""
        return self._public_url or self._seen_origin(request)

    def client_address(self, request: web.Request) -> str:
        """The client's address: of a proxied request the last one that is no proxy of ours."""
        peer = request.remote or ""
        if not self._is_trusted(peer):
            return peer
        hops = [hop.strip() for value in request.headers.getall("X-Forwarded-For", []) for hop in value.split(",")]
        return next((hop for hop in reversed(hops) if _parsed(hop) and not self._is_trusted(hop)), peer)

    def _seen_origin(self, request: web.Request) -> str:
        scheme, host = request.scheme, request.host
        if self._is_trusted(request.remote or ""):
            scheme = _scheme_of(request.headers.get("X-Forwarded-Proto")) or scheme
            host = request.headers.get("X-Forwarded-Host", host)
        return f"{scheme}://{host}"

    def _is_trusted(self, address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in self._proxies)


def _scheme_of(forwarded: str | None) -> str | None:
    """A proxy that passes on what its client wrote must not write into our policy and links."""
    return forwarded if forwarded in ("http", "https") else None


def _parsed(address: str) -> Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


async def get_login(office: Office, role: Role, request: web.Request) -> Login:
    """The login of the role's cookie; raises `not_authenticated`."""
    token = request.cookies.get(cookie_name(role), "")
    login = await accounts.find_login(office, role, token) if token else None
    if login is None:
        raise InspectionError(Kind.NOT_AUTHENTICATED, "not_authenticated", "sign in first")
    return login


def require_own_origin(own_origin: OwnOrigin, request: web.Request) -> None:
    if not own_origin(request):
        raise InspectionError(Kind.NOT_ALLOWED, "origin_refused", "the page is not of this server")


def require_csrf(login: Login, request: web.Request) -> None:
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), login.csrf.encode()):
        raise InspectionError(Kind.NOT_ALLOWED, "csrf_refused", "the CSRF token is missing or wrong")


def set_login_cookie(response: web.Response, role: Role, login: Login, now: datetime) -> None:
    """`__Host-`: only over HTTPS, only to this host, for every path (RFC 6265bis)."""
    response.set_cookie(
        cookie_name(role), login.token, max_age=max(int((login.expires_at - now).total_seconds()), 0),
        path="/", secure=True, httponly=True, samesite="Lax",
    )  # fmt: skip


def clear_login_cookie(response: web.Response, role: Role) -> None:
    response.set_cookie(cookie_name(role), "", max_age=0, path="/", secure=True, httponly=True, samesite="Lax")
