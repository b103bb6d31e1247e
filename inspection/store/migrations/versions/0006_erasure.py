"""Erasures whose files are not all gone yet, and keyed indexes to find an applicant's numbers by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None is under way; inspections from before are found by their number alone."""
    for name in ("id_index", "phone_index"):
        op.add_column("inspections", sa.Column(name, sa.String(length=64), nullable=True))
        op.create_index(op.f(f"ix_inspections_{name}"), "inspections", [name], unique=False)
    op.create_table(
        "pending_erasures",
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("media", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspections.id"], name=op.f("fk_pending_erasures_inspection_id")),
        sa.PrimaryKeyConstraint("inspection_id", name=op.f("pk_pending_erasures")),
    )


def downgrade() -> None:
    """Whoever goes back has to erase again."""
    op.drop_table("pending_erasures")
    for name in ("id_index", "phone_index"):
        op.drop_index(op.f(f"ix_inspections_{name}"), "inspections")
        op.drop_column("inspections", name)
