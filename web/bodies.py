"""Every body that the HTTP interface takes; unknown fields are refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from geo import Datum
from inspection.domain.findings import Severity
from inspection.domain.inspections import IdKind, OpinionKind
from inspection.domain.sessions import Nature

Degrees = Annotated[float, Field(allow_inf_nan=False)]


class Taken(BaseModel):
    """What a client sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class FindInspections(Taken):
    """An inspection's number, or the whole identity or phone number of its applicant."""

    number: str


class RevealNumber(Taken):
    """Which of the applicant's numbers, and why somebody looks."""

    what: Literal["id_number", "phone"]
    reason: str


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
