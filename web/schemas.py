"""Every body of the HTTP interface, in one file: what is taken (unknown fields refused) and what is answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from geo import Datum
from inspection.domain.findings import FindingState, RectificationState, Severity
from inspection.domain.inspections import IdKind, InspectionState, OpinionKind
from inspection.domain.instants import rfc3339_ms
from inspection.domain.invitations import InvitationState
from inspection.domain.observations import CheckResult, Seen, StillReason
from inspection.domain.sessions import Decision, EndCause, Nature, SessionState

Degrees = Annotated[float, Field(allow_inf_nan=False)]
Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339_ms, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339, UTC, milliseconds."""


class Taken(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answered(BaseModel):
    """What the server answers."""

    model_config = ConfigDict(frozen=True)


# --- what is taken ----------------------------------------------------------------------------------------------


class SignIn(Taken):
    username: str
    password: str


class GivenPosition(Taken):
    latitude: Degrees
    longitude: Degrees
    datum: Datum = Datum.WGS84


class GivenCircle(Taken):
    """Round the premises' position."""

    kind: Literal["circle"]
    radius_m: Degrees


class GivenPoint(Taken):
    """In the datum of the premises' position, WGS84 where there is none."""

    latitude: Degrees
    longitude: Degrees


class GivenPolygon(Taken):
    kind: Literal["polygon"]
    points: list[GivenPoint] = Field(min_length=3, max_length=200)


class GivenPremises(Taken):
    name: str
    address: str
    position: GivenPosition | None = None
    fence: Annotated[GivenCircle | GivenPolygon, Field(discriminator="kind")] | None = None


class GivenApplicant(Taken):
    name: str
    id_kind: IdKind
    id_number: str
    phone: str


class OpenInspection(Taken):
    item_id: str
    premises: GivenPremises
    applicant: GivenApplicant
    second_inspector_id: str | None = None


class CreateSession(Taken):
    nature: Nature


class RaiseFinding(Taken):
    text: str
    severity: Severity
    clause: str
    due_date: date
    still_id: str | None = None
    session_id: str | None = None


class AcceptRectification(Taken):
    reason: str | None = None


class RejectRectification(Taken):
    reason: str


class AnswerDispute(Taken):
    """`upheld`: the finding stands."""

    text: str
    upheld: bool


class GivenVisitItem(Taken):
    finding_id: str | None = None
    item_id: str | None = None
    confirmed: bool
    note: str = ""


class RecordSiteVisit(Taken):
    visited_at: AwareDatetime
    visitors: list[str]
    items: list[GivenVisitItem]


class GiveOpinion(Taken):
    opinion: OpinionKind
    text: str


class LookUpInvitation(Taken):
    """A link's token, or a pick-up code with the phone number of the application."""

    token: str | None = None
    pickup_code: str | None = None
    phone: str | None = None


class SendCode(Taken):
    token: str


class RedeemInvitation(Taken):
    """`told_at`: when the notice was shown, by the phone's clock."""

    token: str
    code: str
    told_at: AwareDatetime
    agreed_position: bool


class RaiseDispute(Taken):
    text: str


# --- what is answered -------------------------------------------------------------------------------------------


class Done(Answered):
    """Nothing more to say."""


class Official(Answered):
    id: str
    name: str
    unit: str
    badge: str


class SignedInUser(Official):
    role: str


class MapSource(Answered):
    """Where map tiles come from; `attribution` carries the approval number (审图号)."""

    tile_url: str
    attribution: str


class StaffLogin(Answered):
    user: SignedInUser
    csrf: str
    map: MapSource | None


class Holder(Answered):
    name: str
    inspection_id: str
    session_id: str | None


class ApplicantLogin(Answered):
    holder: Holder
    csrf: str


class CheckItemView(Answered):
    id: str
    title: str
    clause: str
    hint: str


class TemplateView(Answered):
    id: str
    name: str
    items: list[CheckItemView]


class Templates(Answered):
    templates: list[TemplateView]


class Colleagues(Answered):
    users: list[Official]


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


class Inspections(Answered):
    inspections: list[Summary]


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


class EntryList(Answered):
    entries: list[dict[str, Any]]
    last_seq: int


class NewInvitation(Answered):
    """The only sight of an invitation's secrets."""

    id: str
    pickup_code: str
    link: str
    qr_svg: str
    expires_at: Instant


class NewSession(Answered):
    session: CallView
    invitation: NewInvitation
    sms_sent: bool


class OfficeView(Answered):
    name: str
    unit: str
    phone: str


class NamedOfficial(Answered):
    name: str
    unit: str
    badge: str


class TranslatedNotice(Answered):
    title: str
    lines: list[str]


class NoticeText(Answered):
    """The words that count are the Chinese ones; `en` is for whoever reads the page in English."""

    title: str
    lines: list[str]
    version: str
    en: TranslatedNotice


class Notice(Answered):
    """What the holder of a link, or of a pick-up code, is told before anything else. `token` opens the next steps."""

    token: str
    office: OfficeView
    officials: list[NamedOfficial]
    nature: Nature
    item_name: str
    premises_name: str
    phone_masked: str
    notice: NoticeText
    expires_at: Instant
    state: InvitationState


class CodeSent(Answered):
    sent_to: str
    retry_after_s: int


class Redeemed(Answered):
    csrf: str
    inspection_id: str
    session_id: str | None


class MyCase(Answered):
    """`session_id`: the session to join, while it is open."""

    inspection: Detail
    session_id: str | None


class ReplaySession(Answered):
    """`origin_at` is the instant of the film's first moment."""

    id: str
    number: int
    nature: Nature
    started_at: Instant | None
    ended_at: Instant | None
    origin_at: Instant | None
    duration_ms: int | None
    media_url: str | None
    state: Literal["ready", "making", "none"]


class Replay(Answered):
    sessions: list[ReplaySession]


class VerdictProblem(Answered):
    code: str
    where: str


class VerdictView(Answered):
    verdict: Literal["whole", "broken", "unreadable"]
    first_problem: VerdictProblem | None
    proven: list[str]
    claimed: list[str]


class Health(Answered):
    status: Literal["ok", "degraded"]
    relay: Literal["up", "down"]
    database: Literal["ok", "unavailable"]
