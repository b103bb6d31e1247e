"""What the HTTP interface answers beside inspections (`web.case_schemas`): logins, notices, replays, health."""

from __future__ import annotations

from typing import Any, Literal

from inspection.domain.invitations import InvitationState
from inspection.domain.sessions import Nature
from web.case_schemas import Answered, CallView, Detail, Instant, Official, Summary, TemplateView


class Done(Answered):
    """Nothing more to say."""


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


class ProbeCandidate(Answered):
    address: str
    port: int


class NetworkProbe(Answered):
    """Media sockets to try for `life_s`; checks are authenticated with `username` and `password` (RFC 8445)."""

    username: str
    password: str
    candidates: list[ProbeCandidate]
    ice_servers: list[dict[str, Any]]
    life_s: float


class Holder(Answered):
    name: str
    inspection_id: str
    session_id: str | None


class ApplicantLogin(Answered):
    holder: Holder
    csrf: str


class Templates(Answered):
    templates: list[TemplateView]


class Colleagues(Answered):
    users: list[Official]


class Inspections(Answered):
    inspections: list[Summary]


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


CopyAs = Literal["webm", "mp4"]


class ReplayCopy(Answered):
    """A film to take away: derived, not the record. `reencoded`: its pictures are not as they came."""

    copy_as: CopyAs
    state: Literal["ready", "making", "none"]
    url: str | None
    size_bytes: int | None
    sha256: str | None
    reencoded: bool | None


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
    copies: list[ReplayCopy]


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
