"""What opens the commitments of the entries, and the keys under which personal data is sealed: both can be erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Older entries hold no commitments and need no openings; what was answered in clear is forgotten."""
    op.execute("DELETE FROM commands")
    op.add_column("commands", sa.Column("inspection_id", sa.String(length=26), nullable=True))
    op.create_index(op.f("ix_commands_inspection_id"), "commands", ["inspection_id"], unique=False)
    _make_data_keys()
    _make_openings()


def downgrade() -> None:
    """Forgets what opens them."""
    op.drop_table("openings")
    op.drop_table("data_keys")
    op.drop_index(op.f("ix_commands_inspection_id"), "commands")
    op.drop_column("commands", "inspection_id")


def _make_data_keys() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("scope", sa.String(length=26), nullable=False),
        sa.Column("retention_class", sa.Text(), nullable=False),
        sa.Column("master_id", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "retention_class IN ('media', 'person', 'text')", name=op.f("ck_data_keys_retention_class_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
        sa.UniqueConstraint("scope", "retention_class", name=op.f("uq_data_keys_scope_retention_class")),
    )


def _make_openings() -> None:
    op.create_table(
        "openings",
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("retention_class", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=26), nullable=False),
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
