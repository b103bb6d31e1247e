"""Settings of the recording."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JournalConfig:
    """How much may wait, how often is written, and where evidence stops for lack of space.

    write_every_s: the longest that a packet waits before it is in the page cache.
    inbox_bytes: what one journal may have waiting while the disk is slow; the newest is dropped beyond it.
    floor_bytes: free space at which recording stops, so that the ledger can go on.
    """

    write_every_s: float = 0.08
    inbox_bytes: int = 4 * 1024 * 1024
    floor_bytes: int = 256 * 1024 * 1024
