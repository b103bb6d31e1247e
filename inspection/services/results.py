"""What the use cases return. `entries` are the ledger entries just appended, for edges to pass on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from geo import Containment, Doubt, Fix
from inspection.domain.actor import Actor
from inspection.domain.entry import Entry
from inspection.domain.findings import Finding, Rectification
from inspection.domain.inspections import Inspection, Opinion
from inspection.domain.invitations import Invitation, InvitationState
from inspection.domain.observations import CheckMark, SiteVisit, Still, StillReason
from inspection.domain.sessions import Nature, Participant, Session
from inspection.domain.templates import Template
from inspection.domain.users import User


@dataclass(frozen=True, slots=True)
class Login:
    """An open login. `token` goes into the role's cookie, `csrf` to the page; neither is kept in clear.

    Staff have a `user`; an applicant has the inspection and, while it is not over, the session.
    """

    login_id: str
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    actor: Actor
    user: User | None
    inspection_id: str | None
    session_id: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """A new session and the only sight of its invitation's secrets: `token` (128 bits) and pick-up code."""

    session: Session
    invitation: Invitation
    token: str = field(repr=False)
    pickup_code: str = field(repr=False)
    sms_sent: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class SessionDetail:
    """A session with who was in it and what was marked."""

    session: Session
    participants: tuple[Participant, ...]
    checks: tuple[CheckMark, ...]


@dataclass(frozen=True, slots=True)
class InspectionDetail:
    """Everything about an inspection. For an applicant, `invitations` is empty."""

    inspection: Inspection
    template: Template
    inspectors: tuple[User, ...]
    sessions: tuple[SessionDetail, ...]
    invitations: tuple[tuple[Invitation, InvitationState], ...]
    findings: tuple[Finding, ...]
    stills: tuple[Still, ...]
    visits: tuple[SiteVisit, ...]
    last_seq: int


@dataclass(frozen=True, slots=True)
class InspectionOpened:
    """A new inspection."""

    inspection: Inspection
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class InvitationRevoked:
    """The invitation is closed."""

    invitation: Invitation
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class TranslatedNotice:
    """The notice in another language; the Chinese text is the one that counts."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoticeText:
    """告知: the words shown before any permission is asked for; `version` stands in the `told` entry."""

    title: str
    lines: tuple[str, ...]
    version: str
    en: TranslatedNotice


@dataclass(frozen=True, slots=True)
class Notice:
    """What anyone who holds the link, or the pick-up code with the phone number, may know.

    `token` opens the further steps: the link's own, or a handle for one hour after a pick-up code.
    """

    token: str = field(repr=False)
    unit_name: str
    office_phone: str
    officials: tuple[User, ...]
    nature: Nature
    item_name: str
    premises_name: str
    phone_masked: str
    notice: NoticeText
    expires_at: datetime
    state: InvitationState


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code is on its way."""

    phone_masked: str
    retry_after_s: int


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The applicant is in."""

    login: Login
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """A person in a session; `started` says that this join made it live."""

    inspection_id: str
    session: Session
    participant: Participant
    participants: tuple[Participant, ...]
    started: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """A session after a command."""

    inspection_id: str
    session: Session
    participants: tuple[Participant, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FixReported:
    """How a reported fix was judged: it is recorded whatever its doubts."""

    containment: Containment | None
    distance_m: float | None
    doubts: tuple[Doubt, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """An act that changes nothing but the ledger (and, it may be, a row beside it)."""

    inspection_id: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class CheckMarked:
    """A check item with its new mark."""

    inspection_id: str
    mark: CheckMark
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class StillPlan:
    """A still to be rendered: where to (`file` is below the inspection's folder), and the stamp.

    `{frame}` in a line of the stamp stands for the frame number until the frame is known. tiles_seed: 64 hexadecimal
    digits for the salts of its tiles. fix, utc_offset_s: for the picture's own metadata.
    """

    still_id: str
    inspection_id: str
    session_id: str
    reason: StillReason
    item_id: str | None
    lookup: str
    file: str
    stamp_lines: tuple[str, ...]
    containment: Containment | None
    tiles_seed: str
    fix: Fix | None
    utc_offset_s: int
    challenge_id: str | None = None


@dataclass(frozen=True, slots=True)
class RenderedStill:
    """What the renderer reports about a still (hex digests; `rtp_timestamp` unwrapped)."""

    track_id: str
    jpeg_sha256: str
    jpeg_bytes: int
    width: int
    height: int
    frame_index: int
    rtp_timestamp: int
    arrival_us: int
    encoded_sha256: str
    i420_sha256: str
    tiles_root: str | None = None


@dataclass(frozen=True, slots=True)
class StillRecorded:
    """A still on record."""

    still: Still
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FindingChanged:
    """A finding after a command; `rectification` is the answer concerned, where there is one."""

    finding: Finding
    rectification: Rectification | None
    inspection: Inspection
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class VisitRecorded:
    """A site visit on record, and the findings that it moved."""

    visit: SiteVisit
    findings: tuple[Finding, ...]
    inspection: Inspection
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class OpinionGiven:
    """The opinion; the inspection is concluded."""

    opinion: Opinion
    inspection: Inspection
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries after a sequence number, and the last one there is."""

    entries: tuple[Entry, ...]
    last_seq: int
