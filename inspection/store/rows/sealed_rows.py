"""Repositories whose personal columns are sealed on the way in and opened on the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from inspection.domain.retention import RetentionClass
from inspection.services.privacy_ports import DataKey
from inspection.store import tables
from inspection.store.data_keys import DataKeys
from inspection.store.rows.sealed_columns import SEALED, SealedValue, row_id, sealed_values, with_values
from inspection.store.rows.table_rows import TableRows
from inspection.store.sealing import key_id_of, seal_text, unseal_text


class SealedRows(TableRows):
    """`scope` is the inspection whose keys seal a row."""

    def __init__(self, connection: AsyncConnection, keys: DataKeys) -> None:
        super().__init__(connection)
        self._keys = keys

    async def _add_sealed(self, scope: str, values: Mapping[str, Any], table: Table | None = None) -> None:
        source = self.table if table is None else table
        await self._add(await self._sealed(scope, source.name, row_id(source.name, values), values), source)

    async def _change_sealed(self, scope: str, row: str, values: Mapping[str, Any], *where: ColumnElement[bool]) -> int:
        """`row`: the row's own key, joined by `/`."""
        return await self._change(await self._sealed(scope, self.table.name, row, values), *where)

    async def _opened(self, table: Table, rows: Sequence[RowMapping]) -> list[Mapping[str, Any]]:
        plain = [dict(row) for row in rows]
        if table.name not in SEALED:
            return list(plain)
        sealed = (value.value for row in plain for value in sealed_values(table.name, row))
        keys = await self._keys.load(key_id_of(text) for text in sealed)
        return [_opened(keys, table.name, row) for row in plain]

    async def _sealed(self, scope: str, table: str, row: str, values: Mapping[str, Any]) -> dict[str, Any]:
        classes = {value.retention for value in sealed_values(table, values)}
        keys: dict[RetentionClass, DataKey] = {each: await self._keys.get(scope, each) for each in sorted(classes)}

        def sealed(value: SealedValue) -> str:
            return seal_text(keys[value.retention], value.value, table, row, value.column)

        return with_values(table, values, sealed)

    async def _scope_of_session(self, session_id: str) -> str:
        columns = tables.sessions.c
        chosen = select(columns.inspection_id).where(columns.id == session_id)
        return str((await self._connection.execute(chosen)).scalar_one())


def _opened(keys: Mapping[str, DataKey], table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    row_name = row_id(table, row)

    def opened(value: SealedValue) -> str:
        key = keys.get(key_id_of(value.value))
        return value.erased if key is None else unseal_text(key, value.value, table, row_name, value.column)

    return with_values(table, row, opened)
