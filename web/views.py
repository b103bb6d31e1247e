"""Domain values as the HTTP interface shows them, and what it takes as domain values."""

from __future__ import annotations

from geo import Circle, Datum, Fence, Polygon, Position
from inspection.domain.actor import Role
from inspection.domain.errors import field_invalid
from inspection.domain.findings import Finding, Rectification
from inspection.domain.inspections import Inspection, Opinion, Premises
from inspection.domain.observations import SiteVisit, Still, VisitItem
from inspection.domain.sessions import Session
from inspection.domain.templates import Template
from inspection.domain.users import User
from inspection.services import results
from inspection.services.inspections import NewInspection
from web import bodies as b
from web import case_schemas as c
from web import schemas as s


def official(user: User) -> c.Official:
    return c.Official(id=user.id, name=user.name, unit=user.unit, badge=user.badge)


def template_view(template: Template) -> c.TemplateView:
    return c.TemplateView(id=template.id, name=template.name, items=_items(template))


def summary(inspection: Inspection) -> c.Summary:
    return c.Summary(
        id=inspection.id,
        number=inspection.number,
        item_id=inspection.item_id,
        item_name=inspection.item_name,
        premises_name=inspection.premises.name,
        applicant_name=inspection.applicant.name,
        state=inspection.state,
        opened_at=inspection.opened_at,
    )


def detail(role: Role, found: results.InspectionDetail) -> c.Detail:
    inspection = found.inspection
    return c.Detail(
        id=inspection.id,
        number=inspection.number,
        item=c.ServiceItemView(id=inspection.item_id, name=inspection.item_name, items=_items(found.template)),
        premises=_premises(inspection.premises),
        applicant=c.ApplicantView.model_validate(inspection.applicant, from_attributes=True),
        inspectors=[official(user) for user in found.inspectors],
        state=inspection.state,
        opened_at=inspection.opened_at,
        sessions=[call(held.session) for held in found.sessions],
        invitations=[
            c.InvitationView(id=held.id, session_id=held.session_id, state=state, expires_at=held.expires_at)
            for held, state in found.invitations
        ],
        findings=[finding(held) for held in found.findings],
        stills=[_still(role, held) for held in found.stills],
        checks=[
            c.CheckView.model_validate(mark, from_attributes=True) for held in found.sessions for mark in held.checks
        ],
        visits=[visit(held) for held in found.visits],
        opinion=opinion(inspection.opinion) if inspection.opinion else None,
        last_seq=found.last_seq,
    )


def call(session: Session) -> c.CallView:
    return c.CallView.model_validate(session, from_attributes=True)


def finding(held: Finding) -> c.FindingView:
    return c.FindingView(
        id=held.id,
        session_id=held.session_id,
        still_id=held.still_id,
        text=held.text,
        severity=held.severity,
        clause=held.clause,
        due_date=held.due_date,
        state=held.state,
        rectifications=[_rectification(answer) for answer in held.rectifications],
        disputes=[c.DisputeView.model_validate(raised, from_attributes=True) for raised in held.disputes],
    )


def visit(held: SiteVisit) -> c.VisitView:
    return c.VisitView.model_validate(held, from_attributes=True)


def opinion(given: Opinion) -> c.OpinionView:
    return c.OpinionView(
        opinion=given.opinion, text=given.text, given_by=given.given_by_name, given_at=given.given_at
    )  # fmt: skip


def notice(found: results.Notice) -> s.Notice:
    return s.Notice(
        token=found.token,
        office=s.OfficeView(name=found.unit_name, unit=found.unit_name, phone=found.office_phone),
        officials=[s.NamedOfficial(name=user.name, unit=user.unit, badge=user.badge) for user in found.officials],
        nature=found.nature,
        item_name=found.item_name,
        premises_name=found.premises_name,
        phone_masked=found.phone_masked,
        notice=s.NoticeText.model_validate(found.notice, from_attributes=True),
        expires_at=found.expires_at,
        state=found.state,
    )  # fmt: skip


def new_inspection(given: b.OpenInspection) -> NewInspection:
    """Raises GeoError for impossible numbers, `field_invalid` for a circle without a centre."""
    premises, applicant = given.premises, given.applicant
    place = premises.position
    position = Position(place.latitude, place.longitude, place.datum) if place else None
    return NewInspection(
        item_id=given.item_id,
        premises_name=premises.name,
        address=premises.address,
        position=position,
        fence=_fence(premises.fence, position),
        applicant_name=applicant.name,
        id_kind=applicant.id_kind,
        id_number=applicant.id_number,
        phone=applicant.phone,
        second_inspector_id=given.second_inspector_id,
    )


def visit_item(given: b.GivenVisitItem) -> VisitItem:
    return VisitItem(given.finding_id, given.item_id, given.confirmed, given.note)


def _fence(given: b.GivenCircle | b.GivenPolygon | None, position: Position | None) -> Fence | None:
    if given is None:
        return None
    if isinstance(given, b.GivenCircle):
        if position is None:
            raise field_invalid("premises.fence", "a circle lies round the premises' position")
        return Circle(position, given.radius_m)
    datum = position.datum if position else Datum.WGS84
    return Polygon(tuple(Position(point.latitude, point.longitude, datum) for point in given.points))


def _premises(premises: Premises) -> c.PremisesView:
    position, fence = premises.position, premises.fence
    return c.PremisesView(
        name=premises.name,
        address=premises.address,
        position=_position(position) if position else None,
        fence=_fence_view(fence) if fence else None,
    )


def _position(position: Position) -> c.PositionView:
    return c.PositionView(latitude=position.latitude, longitude=position.longitude, datum=position.datum)


def _fence_view(fence: Fence) -> c.CircleView | c.PolygonView:
    if isinstance(fence, Circle):
        return c.CircleView(kind="circle", center=_position(fence.center), radius_m=fence.radius_m)
    points = [c.PointView(latitude=point.latitude, longitude=point.longitude) for point in fence.points]
    return c.PolygonView(kind="polygon", points=points)


def _items(template: Template) -> list[c.CheckItemView]:
    return [c.CheckItemView.model_validate(item, from_attributes=True) for item in template.items]


def _rectification(answer: Rectification) -> c.RectificationView:
    return c.RectificationView(
        id=answer.id,
        text=answer.text,
        has_photo=answer.file is not None,
        session_id=answer.session_id,
        state=answer.state,
        reason=answer.reason,
        submitted_at=answer.submitted_at,
    )


def _still(role: Role, still: Still) -> c.StillView:
    return c.StillView(
        id=still.id,
        session_id=still.session_id,
        reason=still.reason,
        item_id=still.item_id,
        lookup=still.lookup,
        arrival_at=still.arrival_at,
        url=f"/api/{role.value}/inspections/{still.inspection_id}/stills/{still.id}.jpg",
        jpeg_sha256=still.jpeg_sha256,
    )
