"""The ports of the use cases, and `Office`, which carries their adapters.

Repositories keep domain values; `find_` returns None, `get_` raises `unknown`, `save` writes a changed value
back. Nothing is visible to others, and nothing is durable, before `UnitOfWork.commit()` has returned.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from inspection.domain.entry import Entry
from inspection.domain.findings import Finding
from inspection.domain.inspections import Inspection
from inspection.domain.invitations import Invitation
from inspection.domain.observations import CheckMark, Place, SiteVisit, Still
from inspection.domain.retention import RetentionClass
from inspection.domain.sessions import Participant, Session
from inspection.domain.templates import Template
from inspection.domain.users import LoginRecord, User
from inspection.domain.words import code_sms, invitation_sms, notice_lines
from inspection.services.checkpoint_feed import CheckpointFeed
from inspection.services.ledger_ports import CheckpointRows, KeyRows, LedgerGrowth
from inspection.services.privacy_ports import DataKeyRows, ErasureRows
from inspection.services.stamping_ports import StampRows


class Clock(Protocol):
    """The wall clock."""

    def now(self) -> datetime:
        """The instant, aware, UTC."""
        ...


class Random(Protocol):
    """Unguessable bytes."""

    def token_bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        ...


@dataclass(frozen=True, slots=True)
class NtpState:
    """The kernel's word on its clock: `offset_us` it still corrects, `max_error_us` is the most it can be off."""

    synchronised: bool
    offset_us: int
    max_error_us: int


class SmsGateway(Protocol):
    """Sends a text to a mainland mobile number. Raises `InspectionError(unavailable, sms_unavailable)`."""

    async def send(self, phone: str, text: str) -> None:
        """Returns once the gateway took the message over."""
        ...

    async def forget(self, phone: str) -> None:
        """Drops what it keeps itself of messages to that number; a gateway outside keeps what it keeps."""
        ...


class Passwords(Protocol):
    """Slow password hashing, off the event loop, bounded (`unavailable, busy` when too many wait)."""

    async def hash(self, password: str) -> str:
        """A self-describing hash."""
        ...

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it fits; None (an unknown user) takes as long as a known one and is False."""
        ...


class Signer(Protocol):
    """Signs ledger entries and checkpoints, from any thread."""

    @property
    def is_slow(self) -> bool:
        """Whether `sign` waits for somebody else, so that it does not belong on the event loop."""
        ...

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature, 64 bytes. Raises `unavailable, signer_unavailable` where the key is out of reach."""
        ...

    def public_key(self) -> bytes:
        """The raw public key, 32 bytes."""
        ...


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file in the evidence folder; `file` is relative to the inspection's folder."""

    file: str
    sha256: str
    size_bytes: int


class EvidenceStore(Protocol):
    """Evidence files below DATA/evidence. Raises `unavailable`: `storage_full`, `storage_busy`."""

    async def write_rectification(
        self, inspection_id: str, rectification_id: str, extension: str, content: bytes
    ) -> KeptFile:
        """Keeps an uploaded picture as `rectifications/<id>.<extension>`, durable on return."""
        ...

    async def remove(self, inspection_id: str, file: str) -> None:
        """Takes back a file whose transaction failed; no error where it is not there."""
        ...


class Pictures(Protocol):
    """Turns an upload into a picture that is safe to keep."""

    async def reencode(self, content: bytes) -> bytes:
        """A JPEG without metadata. Raises `picture_invalid` for anything that is no picture or too large."""
        ...


class EntryRows(Protocol):
    """The ledger, append-only: the store refuses UPDATE and DELETE."""

    async def head(self, inspection_id: str) -> tuple[int, str] | None:
        """Sequence number and hash of the last entry."""
        ...

    async def add_all(self, entries: Sequence[Entry]) -> None:
        """Appends them, in order."""
        ...

    async def find_newest(self, inspection_id: str, kind: str, up_to_seq: int) -> Entry | None:
        """The last entry of that kind among the first `up_to_seq`."""
        ...

    async def list_hashes(self, inspection_id: str, after_seq: int) -> Sequence[str]:
        """The hashes of all entries behind `after_seq`, in order."""
        ...

    async def list(self, inspection_id: str, after_seq: int, limit: int) -> list[Entry]:
        """Entries in order, with the openings that are still there."""
        ...

    async def forget_openings(self, inspection_id: str, classes: Sequence[RetentionClass]) -> None:
        """Takes away what opened the commitments of these classes."""
        ...


class UserRows(Protocol):
    """Staff accounts."""

    async def add(self, user: User, password_hash: str) -> None: ...
    async def find(self, user_id: str) -> User | None: ...
    async def find_by_username(self, username: str) -> tuple[User, str] | None:
        """The user and the password hash."""
        ...

    async def set_password_hash(self, user_id: str, password_hash: str) -> None: ...
    async def list(self, role: str) -> list[User]: ...


class LoginRows(Protocol):
    """Logins, by the keyed hash of their token."""

    async def add(self, login: LoginRecord) -> None: ...
    async def find(self, token_hash: str) -> LoginRecord | None: ...
    async def revoke(self, login_id: str, at: datetime) -> None: ...
    async def revoke_user(self, user_id: str, at: datetime) -> None: ...
    async def revoke_holders(self, inspection_id: str, at: datetime) -> int:
        """Revokes every applicant's login of that inspection that still held; how many there were."""
        ...


class AttemptRows(Protocol):
    """Durable rate limits: who tried what when; `subject` is a keyed hash or an id."""

    async def add(self, scope: str, subject: str, at: datetime) -> None: ...
    async def since(self, scope: str, subject: str, after: datetime) -> list[datetime]:
        """The instants after `after`, oldest first."""
        ...

    async def clear(self, scope: str, subject: str) -> None: ...
    async def purge(self, before: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """A command that was done: a repeat with the same key and body gets `result_json` again.

    `inspection_id`: what it was about; the answer is sealed and forgotten with it.
    """

    actor_id: str
    key_hash: str
    name: str
    fingerprint: str
    result_json: str = field(repr=False)
    at: datetime
    inspection_id: str | None = None


class CommandRows(Protocol):
    """Idempotency keys."""

    async def add(self, record: CommandRecord) -> None: ...
    async def find(self, actor_id: str, key_hash: str) -> CommandRecord | None: ...
    async def purge(self, before: datetime) -> None: ...
    async def forget(self, inspection_id: str) -> None:
        """Drops what was answered about an inspection."""
        ...


class InspectionRows(Protocol):
    """Inspections."""

    async def add(self, inspection: Inspection) -> None: ...
    async def save(self, inspection: Inspection) -> None: ...
    async def find(self, inspection_id: str) -> Inspection | None: ...
    async def list(self, inspector_id: str | None) -> list[Inspection]:
        """Newest first; of one inspector, or all."""
        ...

    async def find_all(self, inspector_id: str | None, number: str) -> builtins.list[Inspection]:
        """By the inspection's number, or the applicant's whole identity or phone number; of one inspector, or all."""
        ...

    async def next_number(self, year: int) -> int:
        """The running number for a new inspection of that year, from 1."""
        ...


class SessionRows(Protocol):
    """Sessions with their signatures."""

    async def add(self, session: Session) -> None: ...
    async def save(self, session: Session) -> None: ...
    async def find(self, session_id: str) -> Session | None: ...
    async def list(self, inspection_id: str) -> list[Session]:
        """By number."""
        ...

    async def list_open(self) -> Sequence[Session]:
        """Every session that is waiting or live."""
        ...

    async def list_unsettled(self) -> Sequence[Session]:
        """Sessions whose files were not yet held against the ledger after their end."""
        ...

    async def settle(self, session_id: str) -> None:
        """The session is over and the ledger speaks of every byte of its files: no start looks at it again."""
        ...


class ParticipantRows(Protocol):
    """Who is or was in a session."""

    async def save(self, participant: Participant) -> None: ...
    async def list(self, session_id: str) -> list[Participant]: ...


class InvitationRows(Protocol):
    """Invitations."""

    async def add(self, invitation: Invitation) -> None: ...
    async def save(self, invitation: Invitation) -> None: ...
    async def find(self, invitation_id: str) -> Invitation | None: ...
    async def find_by_token_hash(self, token_hash: str) -> Invitation | None: ...
    async def find_by_pickup(self, pickup_hash: str, phone_hash: str) -> Invitation | None: ...
    async def list(self, inspection_id: str) -> list[Invitation]: ...


class FindingRows(Protocol):
    """Findings with their rectifications and disputes."""

    async def add(self, finding: Finding) -> None: ...
    async def save(self, finding: Finding) -> None: ...
    async def find(self, finding_id: str) -> Finding | None: ...
    async def list(self, inspection_id: str) -> list[Finding]: ...


class StillRows(Protocol):
    """Stills."""

    async def add(self, still: Still) -> None: ...
    async def find(self, still_id: str) -> Still | None: ...
    async def list(self, inspection_id: str) -> list[Still]: ...


class CheckRows(Protocol):
    """The latest mark per session and check item."""

    async def save(self, mark: CheckMark) -> None: ...
    async def list(self, session_id: str) -> list[CheckMark]: ...


class PlaceRows(Protocol):
    """The latest reported place of a session."""

    async def save(self, place: Place) -> None: ...
    async def find(self, session_id: str) -> Place | None: ...


class VisitRows(Protocol):
    """Site visits."""

    async def add(self, visit: SiteVisit) -> None: ...
    async def list(self, inspection_id: str) -> list[SiteVisit]: ...


class UnitOfWork(Protocol):
    """One transaction. `Office.uow()` opens a writing one: one writer at a time, begun with the write lock held.

    Leaving the context without `commit()` rolls everything back.
    """

    signer: Signer
    clock: Clock
    users: UserRows
    logins: LoginRows
    attempts: AttemptRows
    commands: CommandRows
    inspections: InspectionRows
    sessions: SessionRows
    participants: ParticipantRows
    invitations: InvitationRows
    findings: FindingRows
    stills: StillRows
    checks: CheckRows
    places: PlaceRows
    visits: VisitRows
    entries: EntryRows
    data_keys: DataKeyRows
    erasures: ErasureRows
    checkpoints: CheckpointRows
    keys: KeyRows
    stamps: StampRows

    def note_growth(self, growth: LedgerGrowth) -> None:
        """Told to whoever listens once the transaction is committed."""
        ...

    async def commit(self) -> None:
        """Durable on return. Raises `unavailable`: `storage_full`, `storage_busy`."""
        ...


@dataclass(frozen=True, slots=True)
class OfficeRules:
    """What an office sets for itself; an office's lawyer decides the words of law among it.

    Refuses names that would make the notice or a message too long: better at the start than before an applicant.
    """

    unit_name: str = "示范县行政审批局"
    unit_name_en: str = "Shifan County Administrative Approval Bureau"
    sms_name: str = "示范县审批局"
    portal_name: str = "示范政务"
    phone: str = "12345"
    notice_basis: str = "《行政许可法》第三十四条"
    notice_basis_en: str = "Article 34 of the Administrative Licensing Law"
    kept_years: int = 5
    kept_media_years: int | None = None
    least_years: int | None = None
    timezone: str = "Asia/Shanghai"
    invitation_hours: int = 24
    return_days: int = 30
    code_minutes: int = 5
    code_interval_s: int = 60
    codes_per_hour: int = 5
    login_hours: int = 12
    moved_m: float = 30.0

    def kept_years_of(self, retention: RetentionClass) -> int:
        """After so many years since the opinion a class is erased."""
        media = self.kept_media_years if retention is RetentionClass.MEDIA else None
        return self.kept_years if media is None else media

    def least_years_of(self, retention: RetentionClass) -> int:
        """Before so many nothing is, whoever asks."""
        kept = self.kept_years_of(retention)
        return kept if self.least_years is None else min(kept, self.least_years)

    def __post_init__(self) -> None:
        notice_lines(self.unit_name, self.notice_basis, self.kept_years, self.phone)
        invitation_sms(self.sms_name, self.portal_name, "0000-0000", self.phone)
        code_sms(self.sms_name, "000000", self.code_minutes, self.phone)


def nothing_known() -> NtpState | None:
    """For an office whose machine does not tell how its clock is held."""
    return None


def all_characters_show(_text: str) -> str:
    """For an office whose stamps can show every character."""
    return ""


@dataclass(frozen=True, slots=True)
class Office:
    """Everything a use case may reach. `uow` opens a writing transaction, `reading` one that only reads.

    `missing_characters` gives the characters of a text that the stamp's font cannot show. `checkpoint_feed` tells of
    every checkpoint that a unit of work of this office commits.
    """

    uow: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
    reading: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
    clock: Clock
    random: Random
    pepper: bytes = field(repr=False)
    sms: SmsGateway
    passwords: Passwords
    evidence: EvidenceStore
    pictures: Pictures
    signer: Signer
    templates: Sequence[Template]
    rules: OfficeRules
    missing_characters: Callable[[str], str] = all_characters_show
    read_ntp: Callable[[], NtpState | None] = nothing_known
    checkpoint_feed: CheckpointFeed = field(default_factory=CheckpointFeed)

    def today(self) -> date:
        """The day at the office."""
        return self.clock.now().astimezone(ZoneInfo(self.rules.timezone)).date()
