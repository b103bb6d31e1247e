"""The event log on its way to live clients: every entry of an inspection, in `seq` order, none left out.

Entries come from three sides (people's acts, the media ledger, other processes), so what is handed in may be out of
order or have holes; holes are filled from the store, which is the truth. One pump task, started with the feed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from inspection.domain.entry import Entry

_log = logging.getLogger(__name__)

ReadAfter = Callable[[str, int], Awaitable[tuple[Entry, ...]]]
Emit = Callable[[str, Entry], Awaitable[None]]


class EntryFeed:
    """`read_after(inspection_id, seq)` reads the store; `emit(inspection_id, entry)` sends to that inspection's room.

    Only inspections that somebody watches are followed; what is published about others is dropped at once.
    """

    def __init__(self, read_after: ReadAfter, emit: Emit) -> None:
        self._read_after = read_after
        self._emit = emit
        self._sent: dict[str, int] = {}
        self._waiting: dict[str, dict[int, Entry]] = {}
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="entry-feed")

    def follow(self, inspection_id: str, after_seq: int) -> None:
        """Entries after `after_seq` are sent from now on; no change where it is followed already."""
        self._sent.setdefault(inspection_id, after_seq)

    def unfollow(self, inspection_id: str) -> None:
        self._sent.pop(inspection_id, None)
        self._waiting.pop(inspection_id, None)

    def publish(self, entries: Iterable[Entry]) -> None:
        """Takes committed entries, without waiting."""
        for entry in entries:
            if entry.seq > self._sent.get(entry.inspection, entry.seq):
                self._waiting.setdefault(entry.inspection, {})[entry.seq] = entry
        self._changed.set()

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            for inspection_id in list(self._waiting):
                try:
                    await self._send(inspection_id)
                except Exception:  # one inspection's trouble must not silence the others; the next entry tries again
                    _log.exception("entries of inspection %s could not be sent", inspection_id)

    async def _send(self, inspection_id: str) -> None:
        waiting = self._waiting.pop(inspection_id, {})
        last = max(waiting, default=0)
        while self._sent.get(inspection_id, last) < last:
            page = await self._next_page(inspection_id, self._sent[inspection_id], waiting)
            for entry in page:
                await self._emit(inspection_id, entry)
                if inspection_id in self._sent:
                    self._sent[inspection_id] = entry.seq
            if not page:
                return

    async def _next_page(self, inspection_id: str, sent: int, waiting: dict[int, Entry]) -> Sequence[Entry]:
        """What waits, where it has no holes; else what the store has, which may be less than all."""
        wanted = range(sent + 1, max(waiting) + 1)
        if all(seq in waiting for seq in wanted):
            return [waiting[seq] for seq in wanted]
        return await self._read_after(inspection_id, sent)
