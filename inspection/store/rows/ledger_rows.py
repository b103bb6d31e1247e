"""The ledger: entries as the canonical lines that were signed."""

from __future__ import annotations

import builtins
import json
from collections.abc import Sequence

from sqlalchemy import insert, select

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

    async def list_hashes(self, inspection_id: str, after_seq: int) -> builtins.list[str]:
        """All behind `after_seq`, in order."""
        columns = self.table.c
        chosen = select(columns.hash).where(columns.inspection_id == inspection_id, columns.seq > after_seq)
        return list((await self._connection.execute(chosen.order_by(columns.seq))).scalars())

    async def add_all(self, entries: Sequence[Entry]) -> None:
        """Appends them."""
        if entries:
            await self._connection.execute(insert(self.table), [_row(entry) for entry in entries])

    async def list(self, inspection_id: str, after_seq: int, limit: int) -> builtins.list[Entry]:
        """In order, from the one after `after_seq`."""
        columns = self.table.c
        chosen = select(columns.line).where(columns.inspection_id == inspection_id, columns.seq > after_seq)
        rows = await self._rows(chosen.order_by(columns.seq).limit(limit))
        return [Entry.from_json(json.loads(row["line"])) for row in rows]


def _row(entry: Entry) -> dict[str, object]:
    return {
        "inspection_id": entry.inspection,
        "seq": entry.seq,
        "prev": entry.prev,
        "hash": entry.hash,
        "kind": entry.kind,
        "line": entry.to_line().decode(),
    }
