"""Checkpoints that wait for a time stamp."""

from __future__ import annotations

import builtins

from sqlalchemy import RowMapping, and_, delete, or_, select

from inspection.services.stamping_ports import StampWanted
from inspection.store import tables
from inspection.store.rows.table_rows import TableRows


class SqlStamps(TableRows):
    """One row for each inspection and authority."""

    table = tables.stamp_queue

    async def put(self, wanted: StampWanted) -> None:
        """Adds, or replaces an older one in its place."""
        columns = self.table.c
        newer = {"size": wanted.size, "root": wanted.root, "line": wanted.line.decode("ascii")}
        mine = (columns.inspection_id == wanted.inspection_id, columns.authority == wanted.authority)
        if await self._change(newer, *mine, columns.size < wanted.size) or await self._find(*mine) is not None:
            return
        held = {"inspection_id": wanted.inspection_id, "authority": wanted.authority}
        await self._add({**held, **newer, "asked_at": wanted.asked_at, "declared": wanted.declared})

    async def list_waiting(
        self, authority: str, limit: int, undeclared: bool = False, after: StampWanted | None = None
    ) -> builtins.list[StampWanted]:
        """The longest waiting first."""
        columns = self.table.c
        chosen = select(self.table).where(columns.authority == authority)
        if undeclared:
            chosen = chosen.where(~columns.declared)
        if after is not None:
            same = and_(columns.asked_at == after.asked_at, columns.inspection_id > after.inspection_id)
            chosen = chosen.where(or_(columns.asked_at > after.asked_at, same))
        rows = await self._rows(chosen.order_by(columns.asked_at, columns.inspection_id).limit(limit))
        return [_wanted(row) for row in rows]

    async def list_authorities(self) -> builtins.list[str]:
        """The names for which something waits."""
        return [row["authority"] for row in await self._rows(select(self.table.c.authority).distinct())]

    async def declare(self, wanted: StampWanted) -> None:
        """Of the one, or of a newer one in its place."""
        columns = self.table.c
        mine = and_(columns.inspection_id == wanted.inspection_id, columns.authority == wanted.authority)
        await self._change({"declared": True}, mine)

    async def remove(self, wanted: StampWanted) -> None:
        """A newer one in its place begins anew: the outage is over."""
        columns = self.table.c
        mine = and_(columns.inspection_id == wanted.inspection_id, columns.authority == wanted.authority)
        await self._connection.execute(delete(self.table).where(mine, columns.size <= wanted.size))
        await self._change({"declared": False}, mine)


def _wanted(row: RowMapping) -> StampWanted:
    return StampWanted(
        inspection_id=row["inspection_id"],
        authority=row["authority"],
        size=row["size"],
        root=row["root"],
        line=row["line"].encode("ascii"),
        asked_at=row["asked_at"],
        declared=bool(row["declared"]),
    )
