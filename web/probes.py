"""Media sockets that somebody outside may try for some seconds: what `yuntakan doctor --server` asks for.

They are bound and described exactly as those of a call, and answer authenticated checks; no media passes them.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from inspection.domain.errors import InspectionError, Kind
from media.aiortc_private import GuardedConnection
from media.candidates import described
from media.config import RelayConfig

LIFE_S = 20.0
MOST_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Probe:
    """`candidates`: (address, port); `username`, `password`: what checks are authenticated with."""

    username: str
    password: str
    candidates: tuple[tuple[str, int], ...]


class Probes:
    """Owner of the open ones, at most `MOST_AT_ONCE`. Each closes by itself."""

    def __init__(self, config: RelayConfig) -> None:
        self._config = config
        self._open: dict[GuardedConnection, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def open(self) -> Probe:
        """Raises InspectionError `busy`, MediaError where no socket could be bound."""
        if len(self._open) >= MOST_AT_ONCE:
            raise InspectionError(Kind.UNAVAILABLE, "busy", "other probes are going on", retry_after_s=int(LIFE_S))
        connection = GuardedConnection(self._config, lambda: time.monotonic_ns() // 1000)
        loop = asyncio.get_running_loop()
        self._open[connection] = loop.call_later(LIFE_S, self._close, connection)
        try:
            await connection.gather_candidates()
        except BaseException:
            self._close(connection)
            raise
        bound = [(candidate.host, candidate.port) for candidate in connection.local_candidates]
        named = tuple((address, port) for _, address, port in described(self._config, bound))
        return Probe(connection.local_username, connection.local_password, named)

    async def aclose(self) -> None:
        """Idempotent."""
        for connection in list(self._open):
            self._close(connection)
        await asyncio.gather(*self._closing)

    def _close(self, connection: GuardedConnection) -> None:
        timer = self._open.pop(connection, None)
        if timer is None:
            return
        timer.cancel()
        task = asyncio.ensure_future(connection.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
