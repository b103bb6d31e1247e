"""The first schema: people, cases, what was observed, and the append-only ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = [
    "rectifications",
    "disputes",
    "findings",
    "stills",
    "signatures",
    "places",
    "participants",
    "logins",
    "invitations",
    "checks",
    "visits",
    "sessions",
    "entries",
    "inspections",
    "users",
    "commands",
    "attempts",
]


def upgrade() -> None:
    """Makes every table, and the triggers that keep the ledger append-only."""
    for make in MAKERS:
        make()
    if op.get_context().dialect.name != "sqlite":
        return  # revision 0003 puts up the guards of the others
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER entries_refuse_{act.lower()} BEFORE {act} ON entries "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )


def downgrade() -> None:
    """Drops everything."""
    for table in TABLES:
        op.drop_table(table)


def _make_attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_scope_subject_at"), "attempts", ["scope", "subject", "at"], unique=False)


def _make_commands() -> None:
    op.create_table(
        "commands",
        sa.Column("actor_id", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("result_json", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "key_hash", name=op.f("pk_commands")),
    )
    op.create_index(op.f("ix_commands_at"), "commands", ["at"], unique=False)


def _make_users() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("username", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('inspector', 'auditor')", name=op.f("ck_users_role_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )


def _make_inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("item_name", sa.Text(), nullable=False),
        sa.Column("premises_json", sa.Text(), nullable=False),
        sa.Column("applicant_id", sa.String(length=26), nullable=False),
        sa.Column("applicant_json", sa.Text(), nullable=False),
        sa.Column("first_inspector_id", sa.String(length=26), nullable=False),
        sa.Column("second_inspector_id", sa.String(length=26), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opinion_json", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'concluded') = (opinion_json IS NOT NULL)", name=op.f("ck_inspections_concluded_by_opinion")
        ),
        sa.CheckConstraint(
            "state IN ('opened', 'invited', 'in_session', 'rectifying', 'under_review', 'on_site_required', "
            "'concluded')",
            name=op.f("ck_inspections_state_known"),
        ),
        sa.CheckConstraint("second_inspector_id <> first_inspector_id", name=op.f("ck_inspections_two_people")),
        sa.ForeignKeyConstraint(["first_inspector_id"], ["users.id"], name=op.f("fk_inspections_first_inspector_id")),
        sa.ForeignKeyConstraint(["second_inspector_id"], ["users.id"], name=op.f("fk_inspections_second_inspector_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspections")),
        sa.UniqueConstraint("applicant_id", name=op.f("uq_inspections_applicant_id")),
        sa.UniqueConstraint("number", name=op.f("uq_inspections_number")),
    )
    op.create_index(op.f("ix_inspections_first_inspector_id"), "inspections", ["first_inspector_id"], unique=False)
    op.create_index(op.f("ix_inspections_second_inspector_id"), "inspections", ["second_inspector_id"], unique=False)


def _make_entries() -> None:
    op.create_table(
        "entries",
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_entries_seq_from_one")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_entries_inspection_id")),
        sa.PrimaryKeyConstraint("inspection_id", "seq", name=op.f("pk_entries")),
        sa.UniqueConstraint("inspection_id", "prev", name=op.f("uq_entries_inspection_id_prev")),
    )


def _make_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("end_cause", sa.Text(), nullable=True),
        sa.Column("recording", sa.Boolean(), nullable=False),
        sa.Column("recording_agreed", sa.Boolean(), nullable=False),
        sa.Column("position_agreed", sa.Boolean(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (ended_at IS NOT NULL AND end_cause IS NOT NULL)", name=op.f("ck_sessions_ended_fully")
        ),
        sa.CheckConstraint(
            "NOT recording OR (recording_agreed AND state = 'live')", name=op.f("ck_sessions_recorded_by_leave")
        ),
        sa.CheckConstraint(
            "end_cause IN ('completed', 'stopped', 'unfinished', 'abandoned')", name=op.f("ck_sessions_end_cause_known")
        ),
        sa.CheckConstraint("nature IN ('guidance', 'verification', 'recheck')", name=op.f("ck_sessions_nature_known")),
        sa.CheckConstraint("state <> 'live' OR started_at IS NOT NULL", name=op.f("ck_sessions_live_since")),
        sa.CheckConstraint("state IN ('waiting', 'live', 'ended')", name=op.f("ck_sessions_state_known")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_sessions_number_from_one")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_sessions_inspection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("inspection_id", "number", name=op.f("uq_sessions_inspection_id_number")),
    )


def _make_visits() -> None:
    op.create_table(
        "visits",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("visited_at", sa.BigInteger(), nullable=False),
        sa.Column("visitors_json", sa.Text(), nullable=False),
        sa.Column("items_json", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.String(length=26), nullable=False),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_visits_inspection_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_visits_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index(op.f("ix_visits_inspection_id"), "visits", ["inspection_id"], unique=False)


def _make_checks() -> None:
    op.create_table(
        "checks",
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("still_ids_json", sa.Text(), nullable=False),
        sa.Column("marked_by", sa.String(length=26), nullable=False),
        sa.Column("marked_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("result <> 'pass' OR seen = 'seen'", name=op.f("ck_checks_passed_when_seen")),
        sa.CheckConstraint("result IN ('pass', 'fail', 'na')", name=op.f("ck_checks_result_known")),
        sa.CheckConstraint("seen IN ('seen', 'unclear', 'not_shown')", name=op.f("ck_checks_seen_known")),
        sa.ForeignKeyConstraint(["marked_by"], ["users.id"], name=op.f("fk_checks_marked_by")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_checks_session_id")),
        sa.PrimaryKeyConstraint("session_id", "item_id", name=op.f("pk_checks")),
    )


def _make_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("pickup_hash", sa.String(length=64), nullable=False),
        sa.Column("phone_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=True),
        sa.Column("code_sent_at", sa.BigInteger(), nullable=True),
        sa.Column("code_expires_at", sa.BigInteger(), nullable=True),
        sa.Column("code_wrong_tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'used', 'revoked')", name=op.f("ck_invitations_state_known")),
        sa.CheckConstraint(
            "(code_hash IS NULL) = (code_sent_at IS NULL) AND (code_hash IS NULL) = (code_expires_at IS NULL)",
            name=op.f("ck_invitations_code_whole"),
        ),
        sa.CheckConstraint("code_wrong_tries BETWEEN 0 AND 5", name=op.f("ck_invitations_code_tries")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_invitations_inspection_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_invitations_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("pickup_hash", "phone_hash", name=op.f("uq_invitations_pickup_hash_phone_hash")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_index(op.f("ix_invitations_inspection_id"), "invitations", ["inspection_id"], unique=False)


def _make_logins() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("user_id", sa.String(length=26), nullable=True),
        sa.Column("inspection_id", sa.String(length=26), nullable=True),
        sa.Column("session_id", sa.String(length=26), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(role = 'applicant') = (inspection_id IS NOT NULL)", name=op.f("ck_logins_applicant_of_one")
        ),
        sa.CheckConstraint("(role = 'applicant') = (user_id IS NULL)", name=op.f("ck_logins_staff_has_user")),
        sa.CheckConstraint("role IN ('inspector', 'auditor', 'applicant')", name=op.f("ck_logins_role_known")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_logins_inspection_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_logins_session_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_logins_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_logins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_logins_token_hash")),
    )
    op.create_index(op.f("ix_logins_inspection_id"), "logins", ["inspection_id"], unique=False)


def _make_participants() -> None:
    op.create_table(
        "participants",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("actor_id", sa.String(length=26), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("muted", sa.Boolean(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('applicant', 'inspector')", name=op.f("ck_participants_role_known")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_participants_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participants")),
        sa.UniqueConstraint("session_id", "actor_id", name=op.f("uq_participants_session_id_actor_id")),
    )


def _make_places() -> None:
    op.create_table(
        "places",
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("fix_json", sa.Text(), nullable=True),
        sa.Column("containment", sa.Text(), nullable=True),
        sa.Column("doubts_json", sa.Text(), nullable=False),
        sa.Column("no_fix_cause", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "containment IN ('INSIDE', 'OUTSIDE', 'UNCERTAIN')", name=op.f("ck_places_containment_known")
        ),
        sa.CheckConstraint(
            "no_fix_cause IN ('refused', 'unavailable', 'timeout', 'unsupported')",
            name=op.f("ck_places_no_fix_cause_known"),
        ),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_places_session_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_places")),
    )


def _make_signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("actor_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("decision = 'signed' OR statement IS NOT NULL", name=op.f("ck_signatures_said_why")),
        sa.CheckConstraint("decision IN ('signed', 'disagreed', 'refused')", name=op.f("ck_signatures_decision_known")),
        sa.CheckConstraint("role IN ('applicant', 'inspector')", name=op.f("ck_signatures_role_known")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_signatures_session_id")),
        sa.PrimaryKeyConstraint("session_id", "actor_id", name=op.f("pk_signatures")),
    )


def _make_stills() -> None:
    op.create_table(
        "stills",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("track_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=True),
        sa.Column("lookup", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("jpeg_sha256", sa.String(length=64), nullable=False),
        sa.Column("frame_index", sa.Integer(), nullable=False),
        sa.Column("arrival_at", sa.BigInteger(), nullable=False),
        sa.Column("containment", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "containment IN ('INSIDE', 'OUTSIDE', 'UNCERTAIN')", name=op.f("ck_stills_containment_known")
        ),
        sa.CheckConstraint(
            "reason IN ('manual', 'start', 'signboard', 'check_item', 'moved', 'challenge')",
            name=op.f("ck_stills_reason_known"),
        ),
        sa.CheckConstraint("frame_index >= 0", name=op.f("ck_stills_frame_counted")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_stills_inspection_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_stills_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stills")),
    )
    op.create_index(op.f("ix_stills_inspection_id"), "stills", ["inspection_id"], unique=False)


def _make_findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=True),
        sa.Column("still_id", sa.String(length=26), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("clause", sa.Text(), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("raised_by", sa.String(length=26), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("severity IN ('minor', 'major', 'critical')", name=op.f("ck_findings_severity_known")),
        sa.CheckConstraint(
            "state IN ('open', 'submitted', 'disputed', 'accepted', 'confirmed')", name=op.f("ck_findings_state_known")
        ),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_findings_inspection_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["users.id"], name=op.f("fk_findings_raised_by")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_findings_session_id")),
        sa.ForeignKeyConstraint(["still_id"], ["stills.id"], name=op.f("fk_findings_still_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
    )
    op.create_index(op.f("ix_findings_inspection_id"), "findings", ["inspection_id"], unique=False)


def _make_disputes() -> None:
    op.create_table(
        "disputes",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("finding_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(answer IS NULL) = (upheld IS NULL) AND (answer IS NULL) = (answered_by IS NULL)",
            name=op.f("ck_disputes_answered_by_name"),
        ),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], name=op.f("fk_disputes_finding_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("finding_id", "position", name=op.f("uq_disputes_finding_id_position")),
    )


def _make_rectifications() -> None:
    op.create_table(
        "rectifications",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("finding_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("session_id", sa.String(length=26), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state <> 'rejected' OR reason IS NOT NULL", name=op.f("ck_rectifications_rejected_why")),
        sa.CheckConstraint(
            "state IN ('submitted', 'accepted', 'rejected')", name=op.f("ck_rectifications_state_known")
        ),
        sa.CheckConstraint("(file IS NULL) = (sha256 IS NULL)", name=op.f("ck_rectifications_file_with_digest")),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], name=op.f("fk_rectifications_finding_id")),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_rectifications_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectifications")),
        sa.UniqueConstraint("finding_id", "position", name=op.f("uq_rectifications_finding_id_position")),
    )


#: Each after those that it refers to.
MAKERS = (
    _make_attempts,
    _make_commands,
    _make_users,
    _make_inspections,
    _make_entries,
    _make_sessions,
    _make_visits,
    _make_checks,
    _make_invitations,
    _make_logins,
    _make_participants,
    _make_places,
    _make_signatures,
    _make_stills,
    _make_findings,
    _make_disputes,
    _make_rectifications,
)
