"""The applicant's way in, and their own case."""

from __future__ import annotations

from aiohttp import web

from inspection.domain.actor import Role
from inspection.domain.sessions import SessionState
from inspection.services import inspections, invitations
from web import bodies as b
from web import schemas as s
from web import views
from web.routes.endpoint import Call, Endpoint, as_json
from web.security import set_login_cookie


async def look_up(call: Call, body: b.LookUpInvitation) -> s.Notice:
    """Consumes nothing: links are fetched by scanners and in-app browsers too."""
    found = await invitations.look_up(call.office, token=body.token, pickup_code=body.pickup_code, phone=body.phone)
    return views.notice(found)


async def send_code(call: Call, body: b.SendCode) -> s.CodeSent:
    sent = await invitations.send_code(call.office, body.token)
    return s.CodeSent(sent_to=sent.phone_masked, retry_after_s=sent.retry_after_s)


async def redeem(call: Call, body: b.RedeemInvitation) -> web.Response:
    redeemed = await invitations.redeem(
        call.office,
        token=body.token,
        code=body.code,
        told_at=body.told_at,
        agreed_position=body.agreed_position,
        key=call.key,
    )
    call.publish(redeemed.entries)
    await call.drop_signed_out()
    login = redeemed.login
    assert login.inspection_id is not None  # an applicant's login belongs to an inspection
    response = as_json(s.Redeemed(csrf=login.csrf, inspection_id=login.inspection_id, session_id=login.session_id))
    set_login_cookie(response, Role.APPLICANT, login, call.office.clock.now())
    return response


async def my_case(call: Call) -> s.MyCase:
    login = call.login
    assert login.inspection_id is not None  # an applicant's login belongs to an inspection
    found = await inspections.get_inspection(call.office, call.actor, login.inspection_id)
    is_open = any(
        held.session.id == login.session_id and held.session.state is not SessionState.ENDED for held in found.sessions
    )
    return s.MyCase(inspection=views.detail(Role.APPLICANT, found), session_id=login.session_id if is_open else None)


_INVITATIONS = "/api/applicant/invitations"

ENDPOINTS = (
    Endpoint("POST", f"{_INVITATIONS}/look-up", None, look_up, b.LookUpInvitation, s.Notice, "coming_in"),
    Endpoint("POST", f"{_INVITATIONS}/send-code", None, send_code, b.SendCode, s.CodeSent, "coming_in"),
    Endpoint("POST", f"{_INVITATIONS}/redeem", None, redeem, b.RedeemInvitation, s.Redeemed, "coming_in"),
    Endpoint("GET", "/api/applicant/my", Role.APPLICANT, my_case, None, s.MyCase),
)
