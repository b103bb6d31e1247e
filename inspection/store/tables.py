"""The tables. The database refuses by itself what the domain never writes."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from geo import Containment, NoFixCause
from inspection.domain.actor import Role
from inspection.domain.findings import FindingState, RectificationState, Severity
from inspection.domain.inspections import InspectionState
from inspection.domain.invitations import InvitationState
from inspection.domain.observations import CheckResult, Seen, StillReason
from inspection.domain.retention import RetentionClass
from inspection.domain.sessions import Decision, EndCause, Nature, SessionState
from inspection.store.columns import hash_column, id_column, instant, one_of, reference, words

_STORED_INVITATION_STATES = (InvitationState.OPEN, InvitationState.USED, InvitationState.REVOKED)
_STAFF = (Role.INSPECTOR, Role.AUDITOR)
_PRESENT = (Role.APPLICANT, Role.INSPECTOR)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

users = Table(
    "users",
    metadata,
    id_column(),
    Column("username", String(32), nullable=False, unique=True),
    words("password_hash"),
    words("role"),
    words("name"),
    words("unit"),
    words("badge"),
    instant("created_at"),
    one_of("role", _STAFF),
)

inspections = Table(
    "inspections",
    metadata,
    id_column(),
    Column("number", String(32), nullable=False, unique=True),
    words("item_id"),
    words("item_name"),
    words("premises_json"),
    Column("applicant_id", String(26), nullable=False, unique=True),
    words("applicant_json"),
    reference("first_inspector_id", "users.id"),
    reference("second_inspector_id", "users.id", nullable=True),
    words("state"),
    instant("opened_at"),
    words("opinion_json", nullable=True),
    Column("id_index", String(64), nullable=True),
    Column("phone_index", String(64), nullable=True),
    one_of("state", InspectionState),
    CheckConstraint("second_inspector_id <> first_inspector_id", name="two_people"),
    CheckConstraint("(state = 'concluded') = (opinion_json IS NOT NULL)", name="concluded_by_opinion"),
    Index(None, "id_index"),
    Index(None, "phone_index"),
    Index(None, "first_inspector_id"),
    Index(None, "second_inspector_id"),
)

sessions = Table(
    "sessions",
    metadata,
    id_column(),
    reference("inspection_id", "inspections.id"),
    Column("number", Integer, nullable=False),
    words("nature"),
    words("state"),
    instant("created_at"),
    instant("started_at", nullable=True),
    instant("ended_at", nullable=True),
    words("end_cause", nullable=True),
    Column("recording", Boolean, nullable=False),
    Column("recording_agreed", Boolean, nullable=False),
    Column("position_agreed", Boolean, nullable=False),
    words("summary", nullable=True),
    UniqueConstraint("inspection_id", "number"),
    one_of("nature", Nature),
    one_of("state", SessionState),
    one_of("end_cause", EndCause),
    CheckConstraint("number >= 1", name="number_from_one"),
    CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL AND end_cause IS NOT NULL)", name="ended_fully"),
    CheckConstraint("state <> 'live' OR started_at IS NOT NULL", name="live_since"),
    CheckConstraint("NOT recording OR (recording_agreed AND state = 'live')", name="recorded_by_leave"),
)

settled_sessions = Table(
    "settled_sessions",
    metadata,
    reference("session_id", "sessions.id"),
    PrimaryKeyConstraint("session_id"),
)

signatures = Table(
    "signatures",
    metadata,
    reference("session_id", "sessions.id"),
    Column("actor_id", String(26), nullable=False),
    Column("position", Integer, nullable=False),
    words("name"),
    words("role"),
    words("decision"),
    words("statement", nullable=True),
    instant("at"),
    PrimaryKeyConstraint("session_id", "actor_id"),
    one_of("role", _PRESENT),
    one_of("decision", Decision),
    CheckConstraint("decision = 'signed' OR statement IS NOT NULL", name="said_why"),
)

participants = Table(
    "participants",
    metadata,
    id_column(),
    reference("session_id", "sessions.id"),
    Column("actor_id", String(26), nullable=False),
    words("role"),
    words("name"),
    words("unit"),
    words("badge"),
    Column("present", Boolean, nullable=False),
    Column("muted", Boolean, nullable=False),
    instant("joined_at"),
    UniqueConstraint("session_id", "actor_id"),
    one_of("role", _PRESENT),
)

invitations = Table(
    "invitations",
    metadata,
    id_column(),
    reference("inspection_id", "inspections.id"),
    reference("session_id", "sessions.id"),
    hash_column("token_hash", unique=True),
    hash_column("pickup_hash"),
    hash_column("phone_hash"),
    words("state"),
    instant("created_at"),
    instant("expires_at"),
    words("code_hash", nullable=True),
    instant("code_sent_at", nullable=True),
    instant("code_expires_at", nullable=True),
    Column("code_wrong_tries", Integer, nullable=False),
    UniqueConstraint("pickup_hash", "phone_hash"),
    one_of("state", _STORED_INVITATION_STATES),
    CheckConstraint(
        "(code_hash IS NULL) = (code_sent_at IS NULL) AND (code_hash IS NULL) = (code_expires_at IS NULL)",
        name="code_whole",
    ),
    CheckConstraint("code_wrong_tries BETWEEN 0 AND 5", name="code_tries"),
    Index(None, "inspection_id"),
)

logins = Table(
    "logins",
    metadata,
    id_column(),
    hash_column("token_hash", unique=True),
    words("role"),
    reference("user_id", "users.id", nullable=True),
    reference("inspection_id", "inspections.id", nullable=True),
    reference("session_id", "sessions.id", nullable=True),
    instant("created_at"),
    instant("expires_at"),
    instant("revoked_at", nullable=True),
    one_of("role", (*_STAFF, Role.APPLICANT)),
    CheckConstraint("(role = 'applicant') = (inspection_id IS NOT NULL)", name="applicant_of_one"),
    CheckConstraint("(role = 'applicant') = (user_id IS NULL)", name="staff_has_user"),
    Index(None, "inspection_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    words("scope"),
    words("subject"),
    instant("at"),
    Index(None, "scope", "subject", "at"),
)

commands = Table(
    "commands",
    metadata,
    Column("actor_id", String(64), nullable=False),
    Column("inspection_id", String(26), nullable=True),
    hash_column("key_hash"),
    words("name"),
    hash_column("fingerprint"),
    words("result_json"),
    instant("at"),
    PrimaryKeyConstraint("actor_id", "key_hash"),
    Index(None, "at"),
    Index(None, "inspection_id"),
)

stills = Table(
    "stills",
    metadata,
    id_column(),
    reference("inspection_id", "inspections.id"),
    reference("session_id", "sessions.id"),
    words("track_id"),
    words("reason"),
    words("item_id", nullable=True),
    words("lookup"),
    words("file"),
    hash_column("jpeg_sha256"),
    Column("frame_index", Integer, nullable=False),
    instant("arrival_at"),
    words("containment", nullable=True),
    one_of("reason", StillReason),
    one_of("containment", Containment),
    CheckConstraint("frame_index >= 0", name="frame_counted"),
    Index(None, "inspection_id"),
)

checks = Table(
    "checks",
    metadata,
    reference("session_id", "sessions.id"),
    words("item_id"),
    words("seen"),
    words("result"),
    words("note"),
    words("still_ids_json"),
    reference("marked_by", "users.id"),
    instant("marked_at"),
    PrimaryKeyConstraint("session_id", "item_id"),
    one_of("seen", Seen),
    one_of("result", CheckResult),
    CheckConstraint("result <> 'pass' OR seen = 'seen'", name="passed_when_seen"),
)

places = Table(
    "places",
    metadata,
    Column("session_id", String(26), ForeignKey("sessions.id"), primary_key=True),
    words("fix_json", nullable=True),
    words("containment", nullable=True),
    words("doubts_json"),
    words("no_fix_cause", nullable=True),
    instant("at"),
    one_of("containment", Containment),
    one_of("no_fix_cause", NoFixCause),
)

findings = Table(
    "findings",
    metadata,
    id_column(),
    reference("inspection_id", "inspections.id"),
    reference("session_id", "sessions.id", nullable=True),
    reference("still_id", "stills.id", nullable=True),
    words("text"),
    words("severity"),
    words("clause"),
    Column("due_date", Date, nullable=False),
    words("state"),
    reference("raised_by", "users.id"),
    instant("raised_at"),
    one_of("severity", Severity),
    one_of("state", FindingState),
    Index(None, "inspection_id"),
)

rectifications = Table(
    "rectifications",
    metadata,
    id_column(),
    reference("finding_id", "findings.id"),
    Column("position", Integer, nullable=False),
    words("text"),
    words("file", nullable=True),
    words("sha256", nullable=True),
    reference("session_id", "sessions.id", nullable=True),
    words("state"),
    words("reason", nullable=True),
    instant("submitted_at"),
    UniqueConstraint("finding_id", "position"),
    one_of("state", RectificationState),
    CheckConstraint("(file IS NULL) = (sha256 IS NULL)", name="file_with_digest"),
    CheckConstraint("state <> 'rejected' OR reason IS NOT NULL", name="rejected_why"),
)

disputes = Table(
    "disputes",
    metadata,
    id_column(),
    reference("finding_id", "findings.id"),
    Column("position", Integer, nullable=False),
    words("text"),
    instant("raised_at"),
    words("answer", nullable=True),
    Column("upheld", Boolean, nullable=True),
    words("answered_by", nullable=True),
    UniqueConstraint("finding_id", "position"),
    CheckConstraint(
        "(answer IS NULL) = (upheld IS NULL) AND (answer IS NULL) = (answered_by IS NULL)", name="answered_by_name"
    ),
)

visits = Table(
    "visits",
    metadata,
    id_column(),
    reference("inspection_id", "inspections.id"),
    instant("visited_at"),
    words("visitors_json"),
    words("items_json"),
    reference("recorded_by", "users.id"),
    instant("recorded_at"),
    Index(None, "inspection_id"),
)

entries = Table(
    "entries",
    metadata,
    reference("inspection_id", "inspections.id"),
    Column("seq", Integer, nullable=False),
    hash_column("prev"),
    hash_column("hash"),
    words("kind"),
    words("line"),
    PrimaryKeyConstraint("inspection_id", "seq"),
    UniqueConstraint("inspection_id", "prev"),
    CheckConstraint("seq >= 1", name="seq_from_one"),
)

data_keys = Table(
    "data_keys",
    metadata,
    id_column(),
    Column("scope", String(26), nullable=False),
    words("retention_class"),
    words("master_id"),
    Column("wrapped", LargeBinary, nullable=False),
    UniqueConstraint("scope", "retention_class"),
    one_of("retention_class", RetentionClass),
)

openings = Table(
    "openings",
    metadata,
    Column("inspection_id", String(26), nullable=False),
    Column("seq", Integer, nullable=False),
    words("retention_class"),
    Column("key_id", String(26), nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("inspection_id", "seq", "retention_class"),
    ForeignKeyConstraint(["inspection_id", "seq"], ["entries.inspection_id", "entries.seq"]),
    one_of("retention_class", RetentionClass),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("inspection_id", String(26), nullable=False),
    Column("size", Integer, nullable=False),
    hash_column("head"),
    words("nodes"),
    words("line"),
    PrimaryKeyConstraint("inspection_id", "size"),
    ForeignKeyConstraint(["inspection_id", "size"], ["entries.inspection_id", "entries.seq"]),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("n", Integer, autoincrement=False, nullable=False),
    hash_column("public_key", unique=True),
    words("line"),
    PrimaryKeyConstraint("n"),
    CheckConstraint("n >= 0", name="n_from_zero"),
)

stamp_queue = Table(
    "stamp_queue",
    metadata,
    reference("inspection_id", "inspections.id"),
    words("authority"),
    Column("size", Integer, nullable=False),
    hash_column("root"),
    words("line"),
    instant("asked_at"),
    Column("declared", Boolean, nullable=False),
    PrimaryKeyConstraint("inspection_id", "authority"),
    CheckConstraint("size >= 1", name="size_from_one"),
    Index(None, "authority", "asked_at"),
)

pending_erasures = Table(
    "pending_erasures",
    metadata,
    reference("inspection_id", "inspections.id"),
    Column("media", Boolean, nullable=False),
    PrimaryKeyConstraint("inspection_id"),
)
