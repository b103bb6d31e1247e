"""The schema for PostgreSQL as SQL, guards and privileges included: `python -m inspection.store.postgresql`.

To be run by the role that shall own the tables. The role that acts, `APP_ROLE`, exists already; it can add to the
ledger and read it, and change everything else.
"""

from __future__ import annotations

import io
import sys

from alembic import command
from alembic.config import Config

from inspection.store.append_only import APPEND_ONLY
from inspection.store.migration import MIGRATIONS
from inspection.store.tables import metadata

APP_ROLE = "yuntakan_app"


def schema_sql() -> str:
    """Every table, its guards, and what the acting role may do, in one script for `psql`."""
    written = io.StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    return written.getvalue() + "\n" + "\n".join(privileges()) + "\n"


def privileges() -> list[str]:
    """One GRANT for each table: the acting role owns nothing, so that it can neither drop a table nor a trigger."""
    grants = [f"GRANT {_allowed(name)} ON {name} TO {APP_ROLE};" for name in sorted(metadata.tables)]
    return [*grants, f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE};"]


def _allowed(table: str) -> str:
    return "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"


if __name__ == "__main__":
    sys.stdout.write(schema_sql())
