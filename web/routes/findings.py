"""Findings: the office raises and judges, the applicant answers or disagrees."""

from __future__ import annotations

from inspection.domain.actor import Role
from inspection.services import findings
from inspection.services.results import FindingChanged
from web import bodies as b
from web import case_schemas as c
from web import views
from web.routes.endpoint import Call, Endpoint
from web.routes.forms import read_form


async def raise_finding(call: Call, body: b.RaiseFinding) -> c.FindingView:
    return _changed(call, await findings.raise_finding(
        call.office, call.actor, call.id("inspection_id"),
        text=body.text, severity=body.severity, clause=body.clause, due_date=body.due_date,
        still_id=body.still_id, session_id=body.session_id, key=call.key,
    ))  # fmt: skip


async def accept(call: Call, body: b.AcceptRectification) -> c.FindingView:
    return _changed(call, await findings.accept(call.office, call.actor, *_ids(call), body.reason, call.key))


async def reject(call: Call, body: b.RejectRectification) -> c.FindingView:
    return _changed(call, await findings.reject(call.office, call.actor, *_ids(call), body.reason, call.key))


async def answer_dispute(call: Call, body: b.AnswerDispute) -> c.FindingView:
    return _changed(call, await findings.answer_dispute(
        call.office, call.actor, *_ids(call), body.text, body.upheld, call.key
    ))  # fmt: skip


async def submit_rectification(call: Call) -> c.FindingView:
    """A form of `text`, and `photo` or the `session_id` of a new live session."""
    finding_id = call.id("finding_id")
    form = await read_form(call.request)
    return _changed(call, await findings.submit_rectification(
        call.office, call.actor, finding_id,
        text=form.text, photo=form.photo, session_id=form.session_id, key=call.key,
    ))  # fmt: skip


async def dispute(call: Call, body: b.RaiseDispute) -> c.FindingView:
    return _changed(call, await findings.dispute(call.office, call.actor, call.id("finding_id"), body.text, call.key))


def _ids(call: Call) -> tuple[str, str]:
    return call.id("inspection_id"), call.id("finding_id")


def _changed(call: Call, changed: FindingChanged) -> c.FindingView:
    call.publish(changed.entries)
    return views.finding(changed.finding)


_OFFICE = "/api/inspector/inspections/{inspection_id}/findings"
_ANSWERS = "/api/applicant/findings/{finding_id}"

ENDPOINTS = (
    Endpoint("POST", _OFFICE, Role.INSPECTOR, raise_finding, b.RaiseFinding, c.FindingView),
    Endpoint("POST", _OFFICE + "/{finding_id}/accept", Role.INSPECTOR, accept, b.AcceptRectification, c.FindingView),
    Endpoint("POST", _OFFICE + "/{finding_id}/reject", Role.INSPECTOR, reject, b.RejectRectification, c.FindingView),
    Endpoint("POST", _OFFICE + "/{finding_id}/answer", Role.INSPECTOR, answer_dispute, b.AnswerDispute, c.FindingView),
    Endpoint("POST", _ANSWERS + "/rectifications", Role.APPLICANT, submit_rectification, None, c.FindingView),
    Endpoint("POST", _ANSWERS + "/dispute", Role.APPLICANT, dispute, b.RaiseDispute, c.FindingView),
)
