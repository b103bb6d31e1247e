"""What the repositories share: a connection, and whole values as JSON in one column."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Executable, RowMapping, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")


class TableRows:
    """Statements on one table."""

    table: Table

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def _add(self, values: Mapping[str, Any], table: Table | None = None) -> None:
        await self._connection.execute(insert(self.table if table is None else table).values(**values))

    async def _change(self, values: Mapping[str, Any], *where: ColumnElement[bool]) -> int:
        done = await self._connection.execute(update(self.table).where(*where).values(**values))
        return done.rowcount

    async def _find(self, *where: ColumnElement[bool]) -> Mapping[str, Any] | None:
        row = (await self._connection.execute(select(self.table).where(*where))).mappings().first()
        return None if row is None else (await self._opened(self.table, [row]))[0]

    async def _list(self, *where: ColumnElement[bool], by: Any, table: Table | None = None) -> list[Mapping[str, Any]]:
        source = self.table if table is None else table
        return await self._opened(source, await self._rows(select(source).where(*where).order_by(by)))

    async def _opened(self, table: Table, rows: Sequence[RowMapping]) -> list[Mapping[str, Any]]:
        """What readers get of rows; where columns are sealed, somebody else opens them."""
        return [dict(row) for row in rows]

    async def _rows(self, statement: Executable) -> list[RowMapping]:
        return list((await self._connection.execute(statement)).mappings().all())


def to_json(value_type: Any, value: object) -> str:
    """A value of plain dataclasses, enums, instants and containers as JSON."""
    return _adapter(value_type).dump_json(value).decode()


def from_json(value_type: type[T], text: str) -> T:
    """The value again."""
    return cast("T", _adapter(cast("Hashable", value_type)).validate_json(text))


@cache
def _adapter(value_type: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", value_type))
