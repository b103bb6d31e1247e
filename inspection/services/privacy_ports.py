"""Ports for what is sealed at rest and can be erased."""

from __future__ import annotations

import builtins
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
        """Takes the keys away; what they were wrapped as, to be wiped after the commit."""
        ...


class ErasureRows(Protocol):
    """What an erasure takes away besides keys, and what it has still to do."""

    async def begin(self, inspection_id: str, media: bool) -> None:
        """Files may be left until `end`."""
        ...

    async def end(self, inspection_id: str) -> None:
        """Everything is gone."""
        ...

    async def list(self) -> builtins.list[tuple[str, bool]]:
        """Those under way: inspection, and whether its media files have to go."""
        ...

    async def forget_numbers(self, inspection_id: str) -> None:
        """Puts noise in place of keyed hashes of the phone number."""
        ...

    async def sealed_classes(self, inspection_id: str) -> set[RetentionClass]:
        """The classes of which there is a key."""
        ...
