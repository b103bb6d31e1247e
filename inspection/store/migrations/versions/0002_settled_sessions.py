"""Which sessions a start need not look at: their files were held against the ledger after their end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is settled at first: the next start looks at every session once more."""
    op.create_table(
        "settled_sessions",
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_settled_sessions_session_id")),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_settled_sessions")),
    )


def downgrade() -> None:
    """Forgets which they were."""
    op.drop_table("settled_sessions")
