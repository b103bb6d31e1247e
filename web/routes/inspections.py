"""Inspections: opening them, looking at them, their sessions and invitations, the site visit and the opinion."""

from __future__ import annotations

import logging

from inspection.domain.actor import Role
from inspection.domain.shown import shown_json
from inspection.services import accounts, audit, inspections, opinions, reveal, visits
from inspection.services.results import SessionCreated
from signaling.views import shown_live
from web import bodies as b
from web import case_schemas as c
from web import schemas as s
from web import views
from web.keys import LOOKS, OWN_ORIGIN, RATE_LIMITS
from web.qr import qr_svg
from web.routes.endpoint import Call, Endpoint
from web.routes.evidence import record_look

_log = logging.getLogger(__name__)
MOST_ENTRIES = 1000
LAST_SEQ = 2**31


async def list_templates(call: Call) -> s.Templates:
    return s.Templates(templates=[views.template_view(template) for template in call.office.templates])


async def list_colleagues(call: Call) -> s.Colleagues:
    users = await accounts.list_colleagues(call.office, call.actor)
    return s.Colleagues(users=[views.official(user) for user in users])


async def list_inspections(call: Call) -> s.Inspections:
    found = await inspections.list_inspections(call.office, call.actor)
    return s.Inspections(inspections=[views.summary(inspection) for inspection in found])


async def find_inspections(call: Call, body: b.FindInspections) -> s.Inspections:
    """In a body, not in an address: addresses end in logs. The log says who looked, never for what."""
    call.request.app[RATE_LIMITS].take("find", call.actor.id)
    found = await inspections.find_inspections(call.office, call.actor, body.number)
    _log.info("%s %s looked for a number and found %d inspections", call.role, call.actor.id, len(found))
    return s.Inspections(inspections=[views.summary(inspection) for inspection in found])


async def open_inspection(call: Call, body: b.OpenInspection) -> c.Detail:
    opened = await inspections.open_inspection(call.office, call.actor, views.new_inspection(body), call.key)
    call.publish(opened.entries)
    return await _detail(call, opened.inspection.id)


async def get_inspection(call: Call) -> c.Detail:
    return await _detail(call, call.id("inspection_id"))


async def list_entries(call: Call) -> s.EntryList:
    """An applicant gets what live pages show: the plumbing of the media plane and who looked is the office's.

    An auditor who reads them without having opened the inspection has looked too.
    """
    inspection_id = call.id("inspection_id")
    after, limit = call.number("after", 0, LAST_SEQ), call.number("limit", 500, MOST_ENTRIES)
    page = await audit.entries(call.office, call.actor, inspection_id, after, limit)
    if call.request.app[LOOKS].begin(call.login.login_id, inspection_id):
        await record_look(call, inspection_id, "entries")
    shown = [entry for entry in page.entries if call.role is not Role.APPLICANT or shown_live(entry)]
    return s.EntryList(entries=[shown_json(entry, call.actor.role) for entry in shown], last_seq=page.last_seq)


async def create_session(call: Call, body: b.CreateSession) -> s.NewSession:
    inspection_id = call.id("inspection_id")
    created = await inspections.create_session(call.office, call.actor, inspection_id, body.nature, call.key)
    call.publish(created.entries)
    return s.NewSession(
        session=views.call(created.session), invitation=_invitation(call, created), sms_sent=created.sms_sent
    )


async def revoke_invitation(call: Call) -> s.Done:
    revoked = await inspections.revoke_invitation(
        call.office, call.actor, call.id("inspection_id"), call.id("invitation_id"), call.key
    )
    call.publish(revoked.entries)
    await call.drop_signed_out()
    return s.Done()


async def record_site_visit(call: Call, body: b.RecordSiteVisit) -> c.VisitView:
    recorded = await visits.record_site_visit(
        call.office,
        call.actor,
        call.id("inspection_id"),
        visited_at=body.visited_at,
        visitors=tuple(body.visitors),
        items=tuple(views.visit_item(item) for item in body.items),
        key=call.key,
    )
    call.publish(recorded.entries)
    return views.visit(recorded.visit)


async def reveal_number(call: Call, body: b.RevealNumber) -> c.RevealedNumber:
    """A masked number in clear, for a reason that goes on record; the page takes it away again."""
    shown = await reveal.reveal(call.office, call.actor, call.id("inspection_id"), body.what, body.reason)
    call.publish(shown.entries)
    return c.RevealedNumber(value=shown.value, shown_s=shown.shown_s)


async def give_opinion(call: Call, body: b.GiveOpinion) -> c.OpinionView:
    given = await opinions.give_opinion(
        call.office, call.actor, call.id("inspection_id"), body.opinion, body.text, call.key
    )
    call.publish(given.entries)
    return views.opinion(given.opinion)


async def _detail(call: Call, inspection_id: str) -> c.Detail:
    found = await inspections.get_inspection(call.office, call.actor, inspection_id)
    return views.detail(call.actor.role, found)


def _invitation(call: Call, created: SessionCreated) -> s.NewInvitation:
    link = f"{call.request.app[OWN_ORIGIN].public_origin(call.request)}/i/{created.token}"
    return s.NewInvitation(
        id=created.invitation.id,
        pickup_code=created.pickup_code,
        link=link,
        qr_svg=qr_svg(link),
        expires_at=created.invitation.expires_at,
    )


_ONE = "/api/{role}/inspections/{{inspection_id}}"
_MINE = _ONE.format(role="inspector")

ENDPOINTS = (
    Endpoint("GET", "/api/inspector/templates", Role.INSPECTOR, list_templates, None, s.Templates),
    Endpoint("GET", "/api/inspector/colleagues", Role.INSPECTOR, list_colleagues, None, s.Colleagues),
    Endpoint("GET", "/api/inspector/inspections", Role.INSPECTOR, list_inspections, None, s.Inspections),
    *(
        Endpoint("POST", f"/api/{role.value}/find", role, find_inspections, b.FindInspections, s.Inspections)
        for role in (Role.INSPECTOR, Role.AUDITOR)
    ),
    Endpoint("POST", "/api/inspector/inspections", Role.INSPECTOR, open_inspection, b.OpenInspection, c.Detail),
    *(
        Endpoint("GET", _ONE.format(role=role.value), role, get_inspection, None, c.Detail)
        for role in (Role.INSPECTOR, Role.APPLICANT)
    ),
    *(
        Endpoint("GET", _ONE.format(role=role.value) + "/entries", role, list_entries, None, s.EntryList)
        for role in (Role.INSPECTOR, Role.APPLICANT, Role.AUDITOR)
    ),
    Endpoint("POST", f"{_MINE}/sessions", Role.INSPECTOR, create_session, b.CreateSession, s.NewSession),
    Endpoint(
        "POST", f"{_MINE}/invitations/{{invitation_id}}/revoke", Role.INSPECTOR, revoke_invitation, None, s.Done
    ),
    Endpoint("POST", f"{_MINE}/site-visits", Role.INSPECTOR, record_site_visit, b.RecordSiteVisit, c.VisitView),
    *(
        Endpoint("POST", f"{one}/reveal", role, reveal_number, b.RevealNumber, c.RevealedNumber)
        for role in (Role.INSPECTOR, Role.AUDITOR)
        for one in [_ONE.format(role=role.value)]
    ),
    Endpoint("POST", f"{_MINE}/opinion", Role.INSPECTOR, give_opinion, b.GiveOpinion, c.OpinionView),
)  # fmt: skip
