"""Checkpoints that wait for a time stamp of an outside authority."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing waits yet."""
    op.create_table(
        "stamp_queue",
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.CheckConstraint("size >= 1", name=op.f("ck_stamp_queue_size_from_one")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_stamp_queue_inspection_id")),
        sa.PrimaryKeyConstraint("inspection_id", "authority", name=op.f("pk_stamp_queue")),
    )
    op.create_index(op.f("ix_stamp_queue_authority_asked_at"), "stamp_queue", ["authority", "asked_at"])


def downgrade() -> None:
    """What waited is not stamped."""
    op.drop_index(op.f("ix_stamp_queue_authority_asked_at"), table_name="stamp_queue")
    op.drop_table("stamp_queue")
