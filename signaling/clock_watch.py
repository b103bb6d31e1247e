"""The server's clock on record: of every open session once an hour, and after the clock was set."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from inspection.domain.entry import EntryDraft
from inspection.services.clocks import clock_draft
from inspection.services.ports import NtpState
from media import events

HOUR_S = 3600.0


class ClockWatch:
    """Owns one task. `held` gives inspections by their open sessions, `offer` takes a fact for the ledger."""

    def __init__(
        self,
        held: Callable[[], Mapping[str, str]],
        offer: Callable[[str, EntryDraft], bool],
        read_ntp: Callable[[], NtpState | None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._held = held
        self._offer = offer
        self._read_ntp = read_ntp
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="clock-watch")

    async def aclose(self) -> None:
        """Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    def take(self, inspection_id: str, event: events.RelayEvent) -> None:
        """Beside what the relay says of a step: whether NTP made it, as far as the kernel knows."""
        if isinstance(event, events.ClockStepped):
            self._offer(inspection_id, clock_draft(event.session_id, self._read_ntp()))

    async def _run(self) -> None:
        while True:
            await self._sleep(HOUR_S)
            for session_id, inspection_id in self._held().items():
                self._offer(inspection_id, clock_draft(session_id, self._read_ntp()))
