"""Who is next: automatic stills of many sessions, each in its own line, served in turn."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from typing import Generic, TypeVar

#: Of one session; a person who marks items faster than stills are made loses the newest.
WAITING_PER_SESSION = 16
#: Of all sessions together.
WAITING_IN_ALL = 512

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Bounded lines by session. A session that has one being made waits for it, however long its line is.

    `offer` says no where a line or the whole is full: the newest is left out, and the caller says so.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[str, deque[T]] = OrderedDict()
        self._busy: set[str] = set()
        self._waiting = 0
        self._changed = asyncio.Event()

    def offer(self, session_id: str, wanted: T) -> bool:
        line = self._lines.get(session_id)
        if self._waiting >= WAITING_IN_ALL or (line is not None and len(line) >= WAITING_PER_SESSION):
            return False
        self._lines.setdefault(session_id, deque()).append(wanted)
        self._waiting += 1
        self._changed.set()
        return True

    async def take(self) -> tuple[str, T]:
        """The first of the session whose turn it is; `done` follows."""
        while True:
            session_id = next((each for each in self._lines if each not in self._busy), None)
            if session_id is not None:
                return session_id, self._take_from(session_id)
            self._changed.clear()
            await self._changed.wait()

    def done(self, session_id: str) -> None:
        """What was taken of this session is made, or left out."""
        self._busy.discard(session_id)
        self._changed.set()

    def _take_from(self, session_id: str) -> T:
        line = self._lines[session_id]
        wanted = line.popleft()
        self._waiting -= 1
        self._busy.add(session_id)
        if line:
            self._lines.move_to_end(session_id)
        else:
            del self._lines[session_id]
        return wanted
