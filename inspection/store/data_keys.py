"""Data keys: one for each inspection and retention class, wrapped by the master key. Destroying one erases its class.

The row is the truth: a key is used only while its row is there, in whatever process it was destroyed. What a process
keeps in memory is found by the wrapped bytes alone.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection.domain.ids import ID_BYTES, base32_id
from inspection.domain.retention import RetentionClass
from inspection.services.privacy_ports import DataKey
from inspection.store import tables
from inspection.store.master_key import MasterKey, MasterKeyError, wrap_context
from inspection.store.rows.table_rows import TableRows
from inspection.store.sealing import KEY_BYTES

OFFICE_SCOPE = "office"
"""What belongs to no inspection: the names of staff."""
_MOST_KNOWN = 4096


class KeyRing:
    """Wraps and unwraps with the master key; keeps the last few thousand keys of this process."""

    def __init__(self, master: MasterKey) -> None:
        self._master = master
        self._known: OrderedDict[bytes, bytes] = OrderedDict()

    @property
    def master_id(self) -> str:
        """Which master key wraps."""
        return self._master.id

    async def wrap(self, secret: bytes, scope: str, retention: str) -> bytes:
        """The wrapped key."""
        about = wrap_context(scope, retention)
        if self._master.is_slow:
            return await asyncio.to_thread(self._master.wrap, secret, about)
        return self._master.wrap(secret, about)

    async def unwrap(self, wrapped: bytes, scope: str, retention: str) -> bytes:
        """The key. Raises MasterKeyError."""
        known = self._known.get(wrapped)
        if known is not None:
            self._known.move_to_end(wrapped)
            return known
        about = wrap_context(scope, retention)
        unwrap = self._master.unwrap
        secret = await asyncio.to_thread(unwrap, wrapped, about) if self._master.is_slow else unwrap(wrapped, about)
        self._known[wrapped] = secret
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return secret

    def forget(self, wrapped: Iterable[bytes]) -> None:
        """Drops keys that were destroyed."""
        for each in wrapped:
            self._known.pop(each, None)


class DataKeys(TableRows):
    """The keys as one transaction sees them."""

    table = tables.data_keys

    def __init__(self, connection: AsyncConnection, ring: KeyRing) -> None:
        super().__init__(connection)
        self._ring = ring
        self._by_id: dict[str, DataKey] = {}
        self._by_place: dict[tuple[str, str], DataKey] = {}

    async def get(self, scope: str, retention: RetentionClass) -> DataKey:
        """The key of an inspection (or `OFFICE_SCOPE`) and a class, made in this transaction where there is none."""
        found = await self.find(scope, retention)
        return await self._make(scope, retention) if found is None else found

    async def find(self, scope: str, retention: RetentionClass) -> DataKey | None:
        """The key; None where nothing was sealed yet, or it was destroyed."""
        held = self._by_place.get((scope, retention.value))
        if held is not None:
            return held
        columns = self.table.c
        await self._read(columns.scope == scope, columns.retention_class == retention.value)
        return self._by_place.get((scope, retention.value))

    async def load(self, key_ids: Iterable[str]) -> dict[str, DataKey]:
        """Those of the keys that are still there, by id."""
        wanted = set(key_ids)
        missing = wanted - self._by_id.keys()
        if missing:
            await self._read(self.table.c.id.in_(missing))
        return {key_id: self._by_id[key_id] for key_id in wanted if key_id in self._by_id}

    async def destroy(self, scope: str, classes: Sequence[RetentionClass]) -> tuple[bytes, ...]:
        """Takes the keys away and returns their wrapped bytes, which no file of the database may hold any more."""
        columns = self.table.c
        mine = (columns.scope == scope, columns.retention_class.in_([each.value for each in classes]))
        rows = await self._rows(select(self.table).where(*mine))
        await self._connection.execute(delete(self.table).where(*mine))
        for row in rows:
            self._by_id.pop(row["id"], None)
            self._by_place.pop((scope, row["retention_class"]), None)
        wrapped = tuple(row["wrapped"] for row in rows)
        self._ring.forget(wrapped)
        return wrapped

    async def _make(self, scope: str, retention: RetentionClass) -> DataKey:
        key = DataKey(base32_id(os.urandom(ID_BYTES)), os.urandom(KEY_BYTES))
        await self._add(
            {
                "id": key.id,
                "scope": scope,
                "retention_class": retention.value,
                "master_id": self._ring.master_id,
                "wrapped": await self._ring.wrap(key.secret, scope, retention.value),
            }
        )
        self._keep(key, scope, retention.value)
        return key

    async def _read(self, *where: ColumnElement[bool]) -> None:
        for row in await self._rows(select(self.table).where(*where)):
            if row["master_id"] != self._ring.master_id:
                raise MasterKeyError(f"a data key was wrapped by the master key {row['master_id']}, which is not here")
            secret = await self._ring.unwrap(row["wrapped"], row["scope"], row["retention_class"])
            self._keep(DataKey(row["id"], secret), row["scope"], row["retention_class"])

    def _keep(self, key: DataKey, scope: str, retention: str) -> None:
        self._by_id[key.id] = key
        self._by_place[scope, retention] = key
