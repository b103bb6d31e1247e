"""Signing in and out, and who one is."""

from __future__ import annotations

from aiohttp import web

from inspection.domain.actor import Role
from inspection.services import accounts
from inspection.services.results import Login
from web import bodies as b
from web import schemas as s
from web.keys import SETTINGS
from web.routes.endpoint import Call, Endpoint, as_json
from web.security import clear_login_cookie, set_login_cookie
from web.views import official

STAFF = (Role.INSPECTOR, Role.AUDITOR)


async def sign_in_inspector(call: Call, body: b.SignIn) -> web.Response:
    return await _sign_in(call, Role.INSPECTOR, body)


async def sign_in_auditor(call: Call, body: b.SignIn) -> web.Response:
    return await _sign_in(call, Role.AUDITOR, body)


async def sign_out(call: Call) -> web.Response:
    await accounts.sign_out(call.office, call.actor.role, call.login.token)
    await call.drop_signed_out()
    response = as_json(s.Done())
    clear_login_cookie(response, call.actor.role)
    return response


async def me_staff(call: Call) -> s.StaffLogin:
    return _staff_login(call, call.login)


async def me_applicant(call: Call) -> s.ApplicantLogin:
    login = call.login
    assert login.inspection_id is not None  # an applicant's login belongs to an inspection
    holder = s.Holder(name=login.actor.name, inspection_id=login.inspection_id, session_id=login.session_id)
    return s.ApplicantLogin(holder=holder, csrf=login.csrf)


async def _sign_in(call: Call, role: Role, body: b.SignIn) -> web.Response:
    login = await accounts.sign_in(call.office, role, body.username, body.password)
    response = as_json(_staff_login(call, login))
    set_login_cookie(response, role, login, call.office.clock.now())
    return response


def _staff_login(call: Call, login: Login) -> s.StaffLogin:
    assert login.user is not None  # staff logins have a user
    user = s.SignedInUser(role=login.user.role.value, **official(login.user).model_dump())
    return s.StaffLogin(user=user, csrf=login.csrf, map=_map_source(call))


def _map_source(call: Call) -> s.MapSource | None:
    settings = call.request.app[SETTINGS]
    if not settings.map_tile_url:
        return None
    return s.MapSource(tile_url=settings.map_tile_url, attribution=settings.map_attribution)


ENDPOINTS = (
    Endpoint("POST", "/api/inspector/login", None, sign_in_inspector, b.SignIn, s.StaffLogin, "coming_in"),
    Endpoint("POST", "/api/auditor/login", None, sign_in_auditor, b.SignIn, s.StaffLogin, "coming_in"),
    *(Endpoint("POST", f"/api/{role.value}/logout", role, sign_out, None, s.Done) for role in (*STAFF, Role.APPLICANT)),
    *(Endpoint("GET", f"/api/{role.value}/me", role, me_staff, None, s.StaffLogin) for role in STAFF),
    Endpoint("GET", "/api/applicant/me", Role.APPLICANT, me_applicant, None, s.ApplicantLogin),
)
