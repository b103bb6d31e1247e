"""Who may open a session socket: a role's cookie, its CSRF token, and a page of our own origin."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError, Kind
from inspection.services import accounts
from inspection.services.ports import Office
from inspection.services.results import Login


def cookie_name(role: Role) -> str:
    """One cookie a role, so that inspector, auditor and applicant can be open in one browser (RFC 6265bis)."""
    return f"__Host-ytk-{role.value}"


@dataclass(frozen=True, slots=True)
class Gate:
    """`is_own_origin` decides about the Origin header; a WebSocket is not held by CORS."""

    office: Office
    is_own_origin: Callable[[web.Request], bool]

    async def admit(self, role: Role, environ: dict[str, Any], auth: Any) -> Login:
        """Raises InspectionError `not_authenticated`, `origin_refused` or `csrf_refused`."""
        request: web.Request = environ["aiohttp.request"]
        if not self.is_own_origin(request):
            raise InspectionError(Kind.NOT_ALLOWED, "origin_refused", "the page is not of this server")
        login = await self.find(role, request.cookies.get(cookie_name(role), ""))
        given = auth.get("csrf") if isinstance(auth, dict) else None
        if not isinstance(given, str) or not _is_same(given, login.csrf):
            raise InspectionError(Kind.NOT_AUTHENTICATED, "csrf_refused", "the CSRF token is missing or wrong")
        return login

    async def find(self, role: Role, token: str) -> Login:
        """The open login of a token; raises `not_authenticated` for none, an expired or a replaced one."""
        login = await accounts.find_login(self.office, role, token) if token else None
        if login is None:
            raise InspectionError(Kind.NOT_AUTHENTICATED, "not_authenticated", "sign in first")
        return login


def _is_same(given: str, token: str) -> bool:
    """In equal time, whatever a client sends: JSON may hold lone surrogates."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())
