"""Runs migrations on the connection that `inspection.store.migration` hands over, or writes them down as SQL."""

from __future__ import annotations

from alembic import context

from inspection.store.tables import metadata

if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], target_metadata=metadata, literal_binds=True)
else:
    context.configure(
        connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
    )
with context.begin_transaction():
    context.run_migrations()
