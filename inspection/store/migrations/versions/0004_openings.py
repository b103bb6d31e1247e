"""What opens the commitments of the entries: beside the ledger, because it can be erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Older entries hold no commitments and need no openings."""
    op.create_table(
        "openings",
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("retention_class", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "retention_class IN ('media', 'person', 'text')", name=op.f("ck_openings_retention_class_known")
        ),
        sa.ForeignKeyConstraint(
            ["inspection_id", "seq"],
            ["entries.inspection_id", "entries.seq"],
            name=op.f("fk_openings_inspection_id_seq"),
        ),
        sa.PrimaryKeyConstraint("inspection_id", "seq", "retention_class", name=op.f("pk_openings")),
    )


def downgrade() -> None:
    """Forgets what opens them."""
    op.drop_table("openings")
