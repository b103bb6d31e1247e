"""What an erasure takes away besides keys, and what it has still to do."""

from __future__ import annotations

import builtins
import os

from sqlalchemy import delete, insert, select, update

from inspection.domain.retention import RetentionClass
from inspection.store import tables
from inspection.store.rows.table_rows import TableRows


class SqlErasures(TableRows):
    """Erasures under way."""

    table = tables.pending_erasures

    async def begin(self, inspection_id: str, media: bool) -> None:
        """Files may be left until `end`; a second one takes over what the first had to do."""
        earlier = await self._find(self.table.c.inspection_id == inspection_id)
        await self.end(inspection_id)
        values = {"inspection_id": inspection_id, "media": media or (earlier is not None and earlier["media"])}
        await self._connection.execute(insert(self.table).values(**values))

    async def end(self, inspection_id: str) -> None:
        """Everything is gone."""
        await self._connection.execute(delete(self.table).where(self.table.c.inspection_id == inspection_id))

    async def list(self) -> builtins.list[tuple[str, bool]]:
        """Inspection and whether its media files have to go."""
        rows = await self._list(by=self.table.c.inspection_id)
        return [(row["inspection_id"], row["media"]) for row in rows]

    async def forget_numbers(self, inspection_id: str) -> None:
        """Keyed hashes of the phone number: the server's pepper would find it among all numbers there are."""
        source = tables.invitations
        chosen = select(source.c.id).where(source.c.inspection_id == inspection_id)
        for invitation_id in (await self._connection.execute(chosen)).scalars().all():
            changed = update(source).where(source.c.id == invitation_id).values(phone_hash=os.urandom(32).hex())
            await self._connection.execute(changed)
        case = update(tables.inspections).where(tables.inspections.c.id == inspection_id)
        await self._connection.execute(case.values(id_index=None, phone_index=None))

    async def sealed_classes(self, inspection_id: str) -> set[RetentionClass]:
        """The classes of which there is a key."""
        columns = tables.data_keys.c
        chosen = select(columns.retention_class).where(columns.scope == inspection_id)
        return {RetentionClass(name) for name in (await self._connection.execute(chosen)).scalars()}
