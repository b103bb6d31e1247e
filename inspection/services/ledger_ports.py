"""The ports of what proves the ledger: its checkpoints and the keys that signed it."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.key_history import KeyLine


@dataclass(frozen=True, slots=True)
class KeptCheckpoint:
    """A checkpoint with what the next one is made from: the hash of entry `size`, and the tree's perfect subtrees."""

    checkpoint: Checkpoint
    head: str
    nodes: tuple[bytes, ...]


class CheckpointRows(Protocol):
    """Checkpoints, append-only: the store refuses UPDATE and DELETE, and one without its entry."""

    async def find_last(self, inspection_id: str) -> Checkpoint | None:
        """The newest one."""
        ...

    async def find_kept(self, inspection_id: str) -> KeptCheckpoint | None:
        """The newest one, with its tree."""
        ...

    async def add_all(self, kept: Sequence[KeptCheckpoint]) -> None:
        """Appends them, smallest first; their entries are there already."""
        ...

    async def list(self, inspection_id: str, after_size: int, limit: int) -> builtins.list[Checkpoint]:
        """In order, from the first that is larger than `after_size`."""
        ...

    async def list_behind(self) -> builtins.list[str]:
        """Inspections whose last entries no checkpoint covers."""
        ...


class KeyRows(Protocol):
    """The history of keys, append-only: the store refuses UPDATE and DELETE."""

    async def find_newest(self) -> KeyLine | None:
        """The key in use."""
        ...

    async def list(self) -> builtins.list[KeyLine]:
        """All of them, by n."""
        ...

    async def add(self, line: KeyLine) -> None:
        """Appends a key."""
        ...


@dataclass(frozen=True, slots=True)
class LedgerGrowth:
    """What one commit did to one inspection's ledger.

    `checkpoint` is the newest that it made. `due_s`: the entries behind the last checkpoint need one after so many
    seconds; None where there are none.
    """

    inspection_id: str
    checkpoint: Checkpoint | None
    due_s: float | None


class LedgerNews(Protocol):
    """Who wants to know; called on the event loop after the commit."""

    def grown(self, growth: LedgerGrowth) -> None:
        """Must neither block nor raise."""
        ...
