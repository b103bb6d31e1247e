"""The ports of time stamping: outside authorities, and the queue of what they are still to stamp."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from inspection.domain.timestamps import TokenFacts


@dataclass(frozen=True, slots=True)
class KeptToken:
    """A token in the evidence folder; `file` is relative to the inspection's folder."""

    file: str
    sha256: str


class StampFailed(Exception):
    """An authority gave no time stamp; `cause` is a word of `inspection.domain.entry_kinds.STAMP_FAILURES`."""

    def __init__(self, cause: str, why: str) -> None:
        super().__init__(f"{cause}: {why}")
        self.cause = cause

    @property
    def is_of_one(self) -> bool:
        """Whether it may be this request's fault, so that others are worth a try."""
        return self.cause in ("refused", "invalid", "too_large")


@dataclass(frozen=True, slots=True)
class Stamped:
    """A DER TimeStampToken that holds, and what it says."""

    token: bytes
    facts: TokenFacts


class TimestampAuthority(Protocol):
    """An outside authority. `number` is its place among the office's; `is_test`: what it stamps proves nothing."""

    @property
    def name(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def is_test(self) -> bool: ...

    async def stamp(self, data: bytes) -> Stamped:
        """A stamp of these bytes, checked; within a bounded time. Raises StampFailed, nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class StampWanted:
    """A checkpoint that an authority is to stamp: `line` are its bytes. `declared`: the ledger says it is missing."""

    inspection_id: str
    authority: str
    size: int
    root: str
    line: bytes
    asked_at: datetime
    declared: bool = False


class StampRows(Protocol):
    """What waits for a stamp: at most one checkpoint for each inspection and authority, the newest."""

    async def put(self, wanted: StampWanted) -> None:
        """Takes the place of an older one, which keeps its turn and whether it is declared."""
        ...

    async def list_waiting(
        self, authority: str, limit: int, undeclared: bool = False, after: StampWanted | None = None
    ) -> builtins.list[StampWanted]:
        """In the order in which they were asked for; those that no entry declares yet, or all.

        `after`: those whose turn is after that one's, which need not wait any more.
        """
        ...

    async def list_authorities(self) -> builtins.list[str]:
        """The names for which something waits."""
        ...

    async def declare(self, wanted: StampWanted) -> None:
        """The ledger says now that this stamp is missing."""
        ...

    async def remove(self, wanted: StampWanted) -> None:
        """It is stamped. One that took its place meanwhile stays, undeclared."""
        ...


class TokenStore(Protocol):
    """Keeps tokens beside the evidence."""

    async def write_timestamp(self, inspection_id: str, size: int, authority: int, token: bytes) -> KeptToken:
        """Keeps it as `timestamps/<size>-<authority>.tst`, durable on return.

        Raises `unavailable`: `storage_full`, `storage_busy`.
        """
        ...
