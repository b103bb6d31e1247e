"""Column types and the constraints that tables share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Dialect, ForeignKey, String, Text
from sqlalchemy.types import TypeDecorator

from inspection.domain.instants import from_unix_us, to_unix_us

ID_CHARACTERS = 26
HASH_CHARACTERS = 64


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant as microseconds since 1970: exact, sortable, the same in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else to_unix_us(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else from_unix_us(value)


def id_column(name: str = "id") -> Column[str]:
    """A primary key of ours."""
    return Column(name, String(ID_CHARACTERS), primary_key=True)


def reference(name: str, target: str, *, nullable: bool = False) -> Column[str]:
    """A foreign key to `target` (`table.column`)."""
    return Column(name, String(ID_CHARACTERS), ForeignKey(target), nullable=nullable)


def words(name: str, *, nullable: bool = False) -> Column[str]:
    """Text of any length."""
    return Column(name, Text, nullable=nullable)


def hash_column(name: str, *, unique: bool = False) -> Column[str]:
    """A hash in hex."""
    return Column(name, String(HASH_CHARACTERS), nullable=False, unique=unique)


def instant(name: str, *, nullable: bool = False) -> Column[datetime]:
    """An instant."""
    return Column(name, Instant, nullable=nullable)


def one_of(column: str, choices: type[StrEnum] | Iterable[StrEnum]) -> CheckConstraint:
    """The column holds one of the words."""
    listed = ", ".join(f"'{choice.value}'" for choice in choices)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")
