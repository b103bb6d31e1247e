"""The ledger: entries as the canonical lines that were signed."""

from __future__ import annotations

import builtins
import json

from sqlalchemy import select

from inspection.domain.entry import Entry
from inspection.store import tables
from inspection.store.rows.table_rows import TableRows


class SqlEntries(TableRows):
    """Append-only: triggers refuse UPDATE and DELETE."""

    table = tables.entries

    async def head(self, inspection_id: str) -> tuple[int, str] | None:
        """Sequence number and hash of the last entry."""
        columns = self.table.c
        chosen = select(columns.seq, columns.hash).where(columns.inspection_id == inspection_id)
        row = (await self._connection.execute(chosen.order_by(columns.seq.desc()).limit(1))).first()
        return None if row is None else (row.seq, row.hash)

    async def add(self, entry: Entry) -> None:
        """Appends one entry."""
        await self._add(
            {
                "inspection_id": entry.inspection,
                "seq": entry.seq,
                "prev": entry.prev,
                "hash": entry.hash,
                "kind": entry.kind,
                "line": entry.to_line().decode(),
            }
        )

    async def list(self, inspection_id: str, after_seq: int, limit: int) -> builtins.list[Entry]:
        """In order, from the one after `after_seq`."""
        columns = self.table.c
        chosen = select(columns.line).where(columns.inspection_id == inspection_id, columns.seq > after_seq)
        rows = await self._rows(chosen.order_by(columns.seq).limit(limit))
        return [Entry.from_json(json.loads(row["line"])) for row in rows]
