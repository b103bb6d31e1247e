"""An inspection as the HTTP interface answers it: `Detail`, the rows of lists, and everything that they hold."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from geo import Datum
from inspection.domain.findings import FindingState, RectificationState, Severity
from inspection.domain.inspections import IdKind, InspectionState, OpinionKind
from inspection.domain.instants import rfc3339_ms
from inspection.domain.invitations import InvitationState
from inspection.domain.observations import CheckResult, Seen, StillReason
from inspection.domain.sessions import Decision, EndCause, Nature, SessionState

Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339_ms, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339, UTC, milliseconds."""


class Answered(BaseModel):
    """What the server answers."""

    model_config = ConfigDict(frozen=True)


class Official(Answered):
    id: str
    name: str
    unit: str
    badge: str


class CheckItemView(Answered):
    id: str
    title: str
    clause: str
    hint: str


class TemplateView(Answered):
    id: str
    name: str
    items: list[CheckItemView]


class Summary(Answered):
    """A row of the list of inspections."""

    id: str
    number: str
    item_id: str
    item_name: str
    premises_name: str
    applicant_name: str
    state: InspectionState
    opened_at: Instant


class PointView(Answered):
    latitude: float
    longitude: float


class PositionView(PointView):
    datum: Datum


class CircleView(Answered):
    kind: Literal["circle"]
    center: PositionView
    radius_m: float


class PolygonView(Answered):
    kind: Literal["polygon"]
    points: list[PointView]


class PremisesView(Answered):
    name: str
    address: str
    position: PositionView | None
    fence: CircleView | PolygonView | None


class ApplicantView(Answered):
    name: str
    id_kind: IdKind
    id_masked: str
    phone_masked: str


class SignedView(Answered):
    name: str
    role: str
    decision: Decision
    statement: str | None


class CallView(Answered):
    """A session; `number` counts within its inspection."""

    id: str
    number: int
    nature: Nature
    state: SessionState
    started_at: Instant | None
    ended_at: Instant | None
    end_cause: EndCause | None
    recording: bool
    summary: str | None
    signatures: list[SignedView]


class InvitationView(Answered):
    id: str
    session_id: str
    state: InvitationState
    expires_at: Instant


class RectificationView(Answered):
    id: str
    text: str
    has_photo: bool
    session_id: str | None
    state: RectificationState
    reason: str | None
    submitted_at: Instant


class DisputeView(Answered):
    id: str
    text: str
    answer: str | None
    upheld: bool | None
    answered_by: str | None


class FindingView(Answered):
    id: str
    session_id: str | None
    still_id: str | None
    text: str
    severity: Severity
    clause: str
    due_date: date
    state: FindingState
    rectifications: list[RectificationView]
    disputes: list[DisputeView]


class StillView(Answered):
    id: str
    session_id: str
    reason: StillReason
    item_id: str | None
    lookup: str
    arrival_at: Instant
    url: str
    jpeg_sha256: str


class CheckView(Answered):
    item_id: str
    session_id: str
    seen: Seen
    result: CheckResult
    note: str
    still_ids: list[str]


class VisitItemView(Answered):
    finding_id: str | None
    item_id: str | None
    confirmed: bool
    note: str


class VisitView(Answered):
    id: str
    visited_at: Instant
    visitors: list[str]
    items: list[VisitItemView]


class OpinionView(Answered):
    opinion: OpinionKind
    text: str
    given_by: str
    given_at: Instant


class RevealedNumber(Answered):
    """To be taken away from the screen after so many seconds."""

    value: str
    shown_s: int


class ServiceItemView(Answered):
    id: str
    name: str
    items: list[CheckItemView]


class Detail(Answered):
    """Everything about an inspection that the role may see; an applicant gets no invitations."""

    id: str
    number: str
    item: ServiceItemView
    premises: PremisesView
    applicant: ApplicantView
    inspectors: list[Official]
    state: InspectionState
    opened_at: Instant
    sessions: list[CallView]
    invitations: list[InvitationView]
    findings: list[FindingView]
    stills: list[StillView]
    checks: list[CheckView]
    visits: list[VisitView]
    opinion: OpinionView | None
    last_seq: int
