"""The ledger: entries as the canonical lines that were signed, and beside them what opens their commitments."""

from __future__ import annotations

import builtins
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection.domain.canonical import canonical_bytes
from inspection.domain.commitments import Opening, pointer
from inspection.domain.entry import Entry
from inspection.domain.retention import RetentionClass
from inspection.services.privacy_ports import DataKey
from inspection.store import tables
from inspection.store.data_keys import DataKeys
from inspection.store.rows.table_rows import TableRows
from inspection.store.sealing import cell, seal, unseal


class SqlEntries(TableRows):
    """Append-only: triggers refuse UPDATE and DELETE. The openings are not: they can be erased."""

    table = tables.entries

    def __init__(self, connection: AsyncConnection, keys: DataKeys) -> None:
        super().__init__(connection)
        self._keys = keys

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

    async def find_newest(self, inspection_id: str, kind: str, up_to_seq: int) -> Entry | None:
        """Its openings are left out."""
        columns = self.table.c
        mine = (columns.inspection_id == inspection_id, columns.seq <= up_to_seq, columns.kind == kind)
        rows = await self._rows(select(columns.line).where(*mine).order_by(columns.seq.desc()).limit(1))
        return Entry.from_json(json.loads(rows[0]["line"])) if rows else None

    async def add_all(self, entries: Sequence[Entry]) -> None:
        """Appends them with their openings."""
        if entries:
            await self._connection.execute(insert(self.table), [_row(entry) for entry in entries])
        openings = [row for entry in entries for row in await self._opening_rows(entry)]
        if openings:
            await self._connection.execute(insert(tables.openings), openings)

    async def list(self, inspection_id: str, after_seq: int, limit: int) -> builtins.list[Entry]:
        """In order, from the one after `after_seq`."""
        columns = self.table.c
        mine = (columns.inspection_id == inspection_id, columns.seq > after_seq)
        chosen = select(columns.seq, columns.line).where(*mine)
        rows = await self._rows(chosen.order_by(columns.seq).limit(limit))
        openings = await self._openings(inspection_id, after_seq, rows[-1]["seq"]) if rows else {}
        return [Entry.from_json(json.loads(row["line"]), openings.get(row["seq"])) for row in rows]

    async def forget_openings(self, inspection_id: str, classes: Sequence[RetentionClass]) -> None:
        """Takes away what opened the commitments of these classes."""
        columns = tables.openings.c
        chosen = columns.retention_class.in_([each.value for each in classes])
        await self._connection.execute(delete(tables.openings).where(columns.inspection_id == inspection_id, chosen))

    async def _opening_rows(self, entry: Entry) -> builtins.list[dict[str, object]]:
        rows: builtins.list[dict[str, object]] = []
        for retention, held in _by_class(entry).items():
            key = await self._keys.get(entry.inspection, retention)
            about = {"inspection_id": entry.inspection, "seq": entry.seq, "retention_class": retention.value}
            rows.append({**about, "key_id": key.id, "content": seal(key.secret, _packed(held), _about(about, key))})
        return rows

    async def _openings(self, inspection_id: str, after_seq: int, last_seq: int) -> Mapping[int, dict[str, Opening]]:
        columns = tables.openings.c
        mine = (columns.inspection_id == inspection_id, columns.seq > after_seq, columns.seq <= last_seq)
        rows = await self._rows(select(tables.openings).where(*mine))
        keys = await self._keys.load(row["key_id"] for row in rows)
        found: defaultdict[int, dict[str, Opening]] = defaultdict(dict)
        for row in rows:
            key = keys.get(row["key_id"])
            if key is not None:
                found[row["seq"]] |= _unpacked(unseal(key.secret, row["content"], _about(dict(row), key)))
        return found


def _row(entry: Entry) -> dict[str, object]:
    return {
        "inspection_id": entry.inspection,
        "seq": entry.seq,
        "prev": entry.prev,
        "hash": entry.hash,
        "kind": entry.kind,
        "line": entry.to_line().decode(),
    }


def _about(row: Mapping[str, Any], key: DataKey) -> bytes:
    place = f"{row['inspection_id']}/{row['seq']}/{row['retention_class']}"
    return cell(tables.openings.name, place, "content", key.id)


def _by_class(entry: Entry) -> dict[RetentionClass, dict[str, Opening]]:
    found: defaultdict[RetentionClass, dict[str, Opening]] = defaultdict(dict)
    for place in entry.personal_places():
        path = pointer(place.path)
        found[place.retention][path] = entry.openings[path]
    return found


def _packed(openings: Mapping[str, Opening]) -> bytes:
    return canonical_bytes({path: [held.salt, held.value] for path, held in openings.items()})


def _unpacked(content: bytes) -> dict[str, Opening]:
    return {path: Opening(salt, value) for path, (salt, value) in json.loads(content).items()}
