"""Checkpoints with the state of their tree, and the history of keys, each as the line that was signed."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from sqlalchemy import func, insert, select

from inspection.domain.checkpoints import Checkpoint, parse_checkpoint
from inspection.domain.key_history import KeyLine, parse_key_line
from inspection.domain.merkle import DIGEST_BYTES
from inspection.services.ledger_ports import KeptCheckpoint
from inspection.store import tables
from inspection.store.rows.table_rows import TableRows


class SqlCheckpoints(TableRows):
    """Append-only: triggers refuse UPDATE and DELETE."""

    table = tables.checkpoints

    async def find_last(self, inspection_id: str) -> Checkpoint | None:
        """The newest one."""
        kept = await self.find_kept(inspection_id)
        return None if kept is None else kept.checkpoint

    async def find_kept(self, inspection_id: str) -> KeptCheckpoint | None:
        """The newest one, with its tree."""
        columns = self.table.c
        chosen = select(self.table).where(columns.inspection_id == inspection_id)
        rows = await self._rows(chosen.order_by(columns.size.desc()).limit(1))
        return KeptCheckpoint(_checkpoint(rows[0]["line"]), rows[0]["head"], _nodes(rows[0]["nodes"])) if rows else None

    async def add_all(self, kept: Sequence[KeptCheckpoint]) -> None:
        """Appends them."""
        if kept:
            await self._connection.execute(insert(self.table), [_row(one) for one in kept])

    async def list(self, inspection_id: str, after_size: int, limit: int) -> builtins.list[Checkpoint]:
        """In order, from the first that is larger than `after_size`."""
        columns = self.table.c
        chosen = select(columns.line).where(columns.inspection_id == inspection_id, columns.size > after_size)
        rows = await self._rows(chosen.order_by(columns.size).limit(limit))
        return [_checkpoint(row["line"]) for row in rows]

    async def list_behind(self) -> builtins.list[str]:
        """Inspections whose last entries no checkpoint covers."""
        entries, heads, cases = tables.entries.c, self.table.c, tables.inspections.c
        last = select(func.max(entries.seq)).where(entries.inspection_id == cases.id).scalar_subquery()
        covered = select(func.max(heads.size)).where(heads.inspection_id == cases.id).scalar_subquery()
        rows = await self._rows(select(cases.id).where(last > func.coalesce(covered, 0)).order_by(cases.id))
        return [row["id"] for row in rows]


class SqlKeys(TableRows):
    """Append-only: triggers refuse UPDATE and DELETE."""

    table = tables.signing_keys

    async def find_newest(self) -> KeyLine | None:
        """The key in use."""
        rows = await self._rows(select(self.table.c.line).order_by(self.table.c.n.desc()).limit(1))
        return parse_key_line(rows[0]["line"].encode()) if rows else None

    async def list(self) -> builtins.list[KeyLine]:
        """All of them, by n."""
        return [parse_key_line(row["line"].encode()) for row in await self._list(by=self.table.c.n)]

    async def add(self, line: KeyLine) -> None:
        """Appends a key."""
        await self._add({"n": line.n, "public_key": line.public_key.hex(), "line": line.to_line().decode()})


def _row(kept: KeptCheckpoint) -> dict[str, object]:
    return {
        "inspection_id": kept.checkpoint.inspection,
        "size": kept.checkpoint.size,
        "head": kept.head,
        "nodes": b"".join(kept.nodes).hex(),
        "line": kept.checkpoint.to_line().decode(),
    }


def _checkpoint(line: str) -> Checkpoint:
    return parse_checkpoint(line.encode())


def _nodes(text: str) -> tuple[bytes, ...]:
    joined = bytes.fromhex(text)
    return tuple(joined[at : at + DIGEST_BYTES] for at in range(0, len(joined), DIGEST_BYTES))
