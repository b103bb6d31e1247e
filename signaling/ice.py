"""What browsers are given to find a way to the relay: made for each participant, and made anew before it runs out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from signaling.messages import IceServersChanged
from signaling.outbox import Outbox
from signaling.seats import LiveSession

_log = logging.getLogger(__name__)


def no_servers(_participant_id: str) -> list[dict[str, Any]]:
    return []


@dataclass(frozen=True, slots=True)
class IceServers:
    """`make`: the `iceServers` of a participant's browser, good from now on. `refresh_s`: None where they last."""

    make: Callable[[str], list[dict[str, Any]]] = no_servers
    refresh_s: float | None = None


class IceRefresh:
    """Sends everybody who is there new servers in time. Owns one task."""

    def __init__(self, servers: IceServers, held: Callable[[], Iterable[LiveSession]], outbox: Outbox) -> None:
        self._servers = servers
        self._held = held
        self._outbox = outbox
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._servers.refresh_s is not None:
            self._running = asyncio.create_task(self._run(self._servers.refresh_s))

    async def aclose(self) -> None:
        """Idempotent."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.wait({running})

    async def _run(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            try:
                await self.refresh()
            except Exception:  # one round is missed; the next comes before the credentials run out
                _log.exception("new ICE servers could not be sent")

    async def refresh(self) -> None:
        seats = [seat for session in self._held() for seat in session.seats.values()]
        for seat in seats:
            if seat.sid is not None:
                changed = IceServersChanged(ice_servers=self._servers.make(seat.participant_id))
                await self._outbox.to_sid(seat.actor.role, seat.sid, changed)
