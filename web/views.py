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
from web import schemas as s


def official(user: User) -> s.Official:
    return s.Official(id=user.id, name=user.name, unit=user.unit, badge=user.badge)


def template_view(template: Template) -> s.TemplateView:
    return s.TemplateView(id=template.id, name=template.name, items=_items(template))


def summary(inspection: Inspection) -> s.Summary:
    return s.Summary(
        id=inspection.id,
        number=inspection.number,
        item_id=inspection.item_id,
        item_name=inspection.item_name,
        premises_name=inspection.premises.name,
        applicant_name=inspection.applicant.name,
        state=inspection.state,
        opened_at=inspection.opened_at,
    )


def detail(role: Role, found: results.InspectionDetail) -> s.Detail:
    inspection = found.inspection
    return s.Detail(
        id=inspection.id,
        number=inspection.number,
        item=s.ServiceItemView(id=inspection.item_id, name=inspection.item_name, items=_items(found.template)),
        premises=_premises(inspection.premises),
        applicant=s.ApplicantView.model_validate(inspection.applicant, from_attributes=True),
        inspectors=[official(user) for user in found.inspectors],
        state=inspection.state,
        opened_at=inspection.opened_at,
        sessions=[call(held.session) for held in found.sessions],
        invitations=[
            s.InvitationView(id=held.id, session_id=held.session_id, state=state, expires_at=held.expires_at)
            for held, state in found.invitations
        ],
        findings=[finding(held) for held in found.findings],
        stills=[_still(role, held) for held in found.stills],
        checks=[
            s.CheckView.model_validate(mark, from_attributes=True) for held in found.sessions for mark in held.checks
        ],
        visits=[visit(held) for held in found.visits],
        opinion=opinion(inspection.opinion) if inspection.opinion else None,
        last_seq=found.last_seq,
    )


def call(session: Session) -> s.CallView:
    return s.CallView.model_validate(session, from_attributes=True)


def finding(held: Finding) -> s.FindingView:
    return s.FindingView(
        id=held.id,
        session_id=held.session_id,
        still_id=held.still_id,
        text=held.text,
        severity=held.severity,
        clause=held.clause,
        due_date=held.due_date,
        state=held.state,
        rectifications=[_rectification(answer) for answer in held.rectifications],
        disputes=[s.DisputeView.model_validate(raised, from_attributes=True) for raised in held.disputes],
    )


def visit(held: SiteVisit) -> s.VisitView:
    return s.VisitView.model_validate(held, from_attributes=True)


def opinion(given: Opinion) -> s.OpinionView:
    return s.OpinionView(
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


def new_inspection(given: s.OpenInspection) -> NewInspection:
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


def visit_item(given: s.GivenVisitItem) -> VisitItem:
    return VisitItem(given.finding_id, given.item_id, given.confirmed, given.note)


def _fence(given: s.GivenCircle | s.GivenPolygon | None, position: Position | None) -> Fence | None:
    if given is None:
        return None
    if isinstance(given, s.GivenCircle):
        if position is None:
            raise field_invalid("premises.fence", "a circle lies round the premises' position")
        return Circle(position, given.radius_m)
    datum = position.datum if position else Datum.WGS84
    return Polygon(tuple(Position(point.latitude, point.longitude, datum) for point in given.points))


def _premises(premises: Premises) -> s.PremisesView:
    position, fence = premises.position, premises.fence
    return s.PremisesView(
        name=premises.name,
        address=premises.address,
        position=_position(position) if position else None,
        fence=_fence_view(fence) if fence else None,
    )


def _position(position: Position) -> s.PositionView:
    return s.PositionView(latitude=position.latitude, longitude=position.longitude, datum=position.datum)


def _fence_view(fence: Fence) -> s.CircleView | s.PolygonView:
    if isinstance(fence, Circle):
        return s.CircleView(kind="circle", center=_position(fence.center), radius_m=fence.radius_m)
    points = [s.PointView(latitude=point.latitude, longitude=point.longitude) for point in fence.points]
    return s.PolygonView(kind="polygon", points=points)


def _items(template: Template) -> list[s.CheckItemView]:
    return [s.CheckItemView.model_validate(item, from_attributes=True) for item in template.items]


def _rectification(answer: Rectification) -> s.RectificationView:
    return s.RectificationView(
        id=answer.id,
        text=answer.text,
        has_photo=answer.file is not None,
        session_id=answer.session_id,
        state=answer.state,
        reason=answer.reason,
        submitted_at=answer.submitted_at,
    )


def _still(role: Role, still: Still) -> s.StillView:
    return s.StillView(
        id=still.id,
        session_id=still.session_id,
        reason=still.reason,
        item_id=still.item_id,
        lookup=still.lookup,
        arrival_at=still.arrival_at,
        url=f"/api/{role.value}/inspections/{still.inspection_id}/stills/{still.id}.jpg",
        jpeg_sha256=still.jpeg_sha256,
    )
