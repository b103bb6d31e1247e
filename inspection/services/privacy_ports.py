"""Ports for what is sealed at rest and can be erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inspection.domain.retention import RetentionClass


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key of one inspection and retention class; `secret` has 32 bytes and shows in no log."""

    id: str
    secret: bytes = field(repr=False)


class DataKeyRows(Protocol):
    """The data keys; `scope` is an inspection's id. They are never handed out of the house."""

    async def get(self, scope: str, retention: RetentionClass) -> DataKey:
        """The key, made in this transaction where there is none; it is durable with the commit."""
        ...

    async def find(self, scope: str, retention: RetentionClass) -> DataKey | None:
        """The key; None where nothing was sealed yet, or it was destroyed."""
        ...

    async def destroy(self, scope: str, classes: Sequence[RetentionClass]) -> tuple[bytes, ...]:
        """Takes the keys away; what they were wrapped as, for `Traces.wipe` after the commit."""
        ...
