"""Signed heads of the ledger, its keys, and a database that refuses to rewrite any of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

from inspection.store.append_only import guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An older ledger gets its first checkpoint with its next entry, or at the next start of the server."""
    _make_checkpoints()
    _make_signing_keys()
    dialect = op.get_context().dialect.name
    if dialect == "sqlite":
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER entries_refuse_{act}")
    for statement in guards(dialect):
        op.execute(statement)


def downgrade() -> None:
    """Refused: others hold receipts of the heads, which are not forgotten."""
    raise CommandError("checkpoints and keys are not taken back")


def _make_checkpoints() -> None:
    op.create_table(
        "checkpoints",
        sa.Column("inspection_id", sa.String(length=26), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("nodes", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["inspection_id", "size"],
            ["entries.inspection_id", "entries.seq"],
            name=op.f("fk_checkpoints_inspection_id_size"),
        ),
        sa.PrimaryKeyConstraint("inspection_id", "size", name=op.f("pk_checkpoints")),
    )


def _make_signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.CheckConstraint("n >= 0", name=op.f("ck_signing_keys_n_from_zero")),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("public_key", name=op.f("uq_signing_keys_public_key")),
    )
