"""The relay itself, in whatever process it runs: sessions by id, one clock, one timer."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from media.aiortc_private import check_versions
from media.config import RelayConfig
from media.errors import Kind, MediaError, session_unknown
from media.events import RelayEvent, Role
from media.reencode_client import CopyProcesses
from media.relay_clock import RelayClock
from media.relay_recorder import OpenJournal
from media.room import Room
from media.room_gaps import Declared

TICK_S = 0.025
FEEDBACK_TICKS, SECOND_TICKS = 4, 40
#: Packets wait no longer than this (and one room) for what the timer has to do in all the others.
SLICE_US = 1_000
NO_LIMIT_US = 1 << 62
MAX_EVENTS = 100_000

logger = logging.getLogger(__name__)


class Relay:
    """Implements `RelayPort`. `emit` gets each event in order and returns at once."""

    def __init__(
        self, config: RelayConfig, clock: RelayClock, emit: Callable[[RelayEvent], None], open_journal: OpenJournal
    ) -> None:
        check_versions()
        self._config = config
        self._clock = clock
        self._emit = emit
        self._open_journal = open_journal
        self._reencoders = CopyProcesses(config.max_small_copies)
        self._rooms: dict[str, Room] = {}
        self._ticks = 0
        self._going_on: asyncio.Handle | None = None
        self._due: deque[tuple[Room, int]] = deque()
        self._step = 1
        self._timer: asyncio.TimerHandle | None = None
        self._next_tick = 0.0

    def start(self) -> None:
        """Start the timer."""
        self._next_tick = asyncio.get_running_loop().time()
        self._schedule()

    async def open_session(self, session_id: str, directory: str) -> None:
        if session_id in self._rooms:
            return
        if len(self._rooms) >= self._config.max_sessions:
            raise MediaError(Kind.UNAVAILABLE, "too_many_sessions", "the relay has as many sessions as it may have")
        (Path(directory) / "journal").mkdir(parents=True, exist_ok=True)
        self._rooms[session_id] = Room(
            session_id, directory, self._config, self._clock, self._emit, self._open_journal, self._reencoders
        )

    async def set_recording(self, session_id: str, on: bool) -> None:
        await self._get_room(session_id).set_recording(on)

    async def add_up_peer(
        self, session_id: str, peer_id: str, participant_id: str, role: Role, sdp: str
    ) -> dict[str, str]:
        return await self._get_room(session_id).add_up_peer(peer_id, participant_id, role, sdp)

    async def add_down_peer(self, session_id: str, peer_id: str, participant_id: str, role: Role) -> dict[str, str]:
        return await self._get_room(session_id).add_down_peer(peer_id, participant_id, role)

    async def accept_answer(self, session_id: str, peer_id: str, sdp: str) -> None:
        await self._get_room(session_id).accept_answer(peer_id, sdp)

    async def close_peer(self, session_id: str, peer_id: str) -> None:
        room = self._rooms.get(session_id)
        if room is not None:
            await room.close_peer(peer_id)

    async def close_session(self, session_id: str) -> None:
        room = self._rooms.pop(session_id, None)
        if room is not None:
            await room.aclose()

    async def set_device(
        self,
        session_id: str,
        participant_id: str,
        muted_since_us: int | None = None,
        paused_since_us: int | None = None,
        camera_since_us: int | None = None,
    ) -> None:
        declared = Declared(muted_since_us, paused_since_us, camera_since_us)
        await self._get_room(session_id).set_device(participant_id, declared)

    async def session_stats(self, session_id: str) -> dict[str, Any]:
        return self._get_room(session_id).stats()

    async def aclose(self) -> None:
        """Close every session; journals first. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        rooms, self._rooms = list(self._rooms.values()), {}
        await asyncio.gather(*(room.aclose() for room in rooms))
        await self._reencoders.aclose()

    def _get_room(self, session_id: str) -> Room:
        room = self._rooms.get(session_id)
        if room is None:
            raise session_unknown()
        return room

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        self._step = self._next_step()
        self._next_tick = max(self._next_tick + self._step * TICK_S, loop.time())
        self._timer = loop.call_at(self._next_tick, self._tick)

    def _next_step(self) -> int:
        """Waking costs more than what there is to do: while nothing is being repaired, only feedback is due."""
        calm = self._ticks % FEEDBACK_TICKS == 0 and not any(room.is_repairing for room in self._rooms.values())
        return FEEDBACK_TICKS if calm else 1

    def _tick(self) -> None:
        self._ticks += self._step
        self._schedule()
        if self._ticks % SECOND_TICKS == 0:
            self._synchronise()
        self._work(NO_LIMIT_US)  # what the last round has left: never two of them in line
        self._due.extend((room, self._ticks) for room in self._rooms.values())
        self._work_on()

    def _work_on(self) -> None:
        if self._going_on is not None:
            self._going_on.cancel()
            self._going_on = None
        self._work(self._clock.now_us() + SLICE_US)
        if self._due and self._timer is not None:
            self._going_on = asyncio.get_running_loop().call_soon(self._work_on)

    def _work(self, until_us: int) -> None:
        """See to the rooms that are due, one at least, until that time."""
        while self._due:
            room, ticks = self._due.popleft()
            now_us = self._clock.now_us()
            if self._rooms.get(room.session_id) is room:
                try:
                    self._tick_room(room, ticks, now_us)
                except Exception:  # one session's fault must not stop the others' feedback
                    logger.exception("the timer of session %s failed", room.session_id)
            if self._clock.now_us() >= until_us:
                return

    def _synchronise(self) -> None:
        step_us = self._clock.synchronise()
        if step_us:
            logger.warning("the server's clock was set by %d us", step_us)
            for room in self._rooms.values():
                room.clock_stepped(step_us)

    def _tick_room(self, room: Room, ticks: int, now_us: int) -> None:
        room.tick(now_us)
        if ticks % FEEDBACK_TICKS == 0:
            room.tick_feedback()
        if ticks % SECOND_TICKS == 0:
            room.tick_second(now_us)


class EventQueue:
    """The one stream of facts of an in-process relay or a client: bounded, for one consumer."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[RelayEvent | None] = asyncio.Queue(MAX_EVENTS)

    def put(self, event: RelayEvent) -> None:
        """Raises asyncio.QueueFull where the consumer is 100 000 events behind: facts are never dropped silently."""
        self._queue.put_nowait(event)

    def end(self) -> None:
        self._queue.put_nowait(None)

    async def events(self) -> AsyncIterator[RelayEvent]:
        while (event := await self._queue.get()) is not None:
            yield event
