"""The port behind which page-signed frames are counted while a journal grows, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SignaturesCounted:
    """What the frames from one to another (both included) show; see `media.frame_signatures_count.FrameFacts`."""

    from_index: int
    to_index: int
    frames: int
    signed: int
    broken: int
    missing_counters: int
    clock_jumps: int


class SignaturesPort(Protocol):
    """Every call raises `MediaError` with a stable code."""

    async def count(
        self,
        track_id: str,
        journal_path: Path,
        public_keys: Sequence[bytes],
        from_index: int,
        upto_bytes: int | None,
        is_ended: bool,
    ) -> SignaturesCounted | None:
        """What is decided of the frames from `from_index` on; None where nothing is, or the journal cannot be read.

        public_keys: raw, of the pages that send the track. upto_bytes: only so much of the journal is looked at; None:
        all whole records. is_ended: nothing follows, so that everything is decided.
        """
