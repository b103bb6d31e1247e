"""Main's end of the relay: `RelayPort` over the wire, surviving restarts of the relay's process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from media.errors import MediaError
from media.events import RelayEvent, Role, from_wire
from media.relay_core import EventQueue
from media.wire import Message

CALL_TIMEOUT_S = 10.0
#: Closing a session waits for the disk.
CLOSE_TIMEOUT_S = 30.0


class RelayClient:
    """Implements `RelayPort`. `call` is the supervisor's; while the relay is down it raises `relay_unavailable`."""

    def __init__(self, call: Callable[[str, Message, float], Awaitable[object]]) -> None:
        self._call = call
        self._events = EventQueue()

    async def open_session(self, session_id: str, directory: str) -> None:
        await self._call("open_session", {"session_id": session_id, "directory": directory}, CALL_TIMEOUT_S)

    async def set_recording(self, session_id: str, on: bool) -> None:
        await self._call("set_recording", {"session_id": session_id, "on": on}, CLOSE_TIMEOUT_S)

    async def add_up_peer(
        self, session_id: str, peer_id: str, participant_id: str, role: Role, sdp: str
    ) -> dict[str, str]:
        args = {
            "session_id": session_id,
            "peer_id": peer_id,
            "participant_id": participant_id,
            "role": role,
            "sdp": sdp,
        }
        return self._strings(await self._call("add_up_peer", args, CALL_TIMEOUT_S))

    async def add_down_peer(self, session_id: str, peer_id: str, participant_id: str, role: Role) -> dict[str, str]:
        args = {"session_id": session_id, "peer_id": peer_id, "participant_id": participant_id, "role": role}
        return self._strings(await self._call("add_down_peer", args, CALL_TIMEOUT_S))

    async def accept_answer(self, session_id: str, peer_id: str, sdp: str) -> None:
        await self._call("accept_answer", {"session_id": session_id, "peer_id": peer_id, "sdp": sdp}, CALL_TIMEOUT_S)

    async def close_peer(self, session_id: str, peer_id: str) -> None:
        """Idempotent, also while the relay is down: then the peer is gone anyway."""
        await self._call_if_up("close_peer", {"session_id": session_id, "peer_id": peer_id})

    async def close_session(self, session_id: str) -> None:
        """Idempotent, also while the relay is down: then the session is gone anyway."""
        await self._call_if_up("close_session", {"session_id": session_id})

    async def set_device(
        self,
        session_id: str,
        participant_id: str,
        muted_since_us: int | None = None,
        paused_since_us: int | None = None,
        camera_since_us: int | None = None,
    ) -> None:
        args = {
            "session_id": session_id,
            "participant_id": participant_id,
            "muted_since_us": muted_since_us,
            "paused_since_us": paused_since_us,
            "camera_since_us": camera_since_us,
        }
        await self._call("set_device", args, CALL_TIMEOUT_S)

    async def session_stats(self, session_id: str) -> dict[str, Any]:
        stats = await self._call("session_stats", {"session_id": session_id}, CALL_TIMEOUT_S)
        if not isinstance(stats, dict):
            raise TypeError("the relay answered with something else")
        return stats

    def events(self) -> AsyncIterator[RelayEvent]:
        return self._events.events()

    def take_message(self, message: Message) -> None:
        """An event from the wire."""
        self._events.put(from_wire(message))

    def put(self, event: RelayEvent) -> None:
        """An event of the supervisor's own."""
        self._events.put(event)

    def end(self) -> None:
        """No more events."""
        self._events.end()

    async def _call_if_up(self, name: str, args: Message) -> None:
        try:
            await self._call(name, args, CLOSE_TIMEOUT_S)
        except MediaError as error:
            if error.code != "relay_unavailable":
                raise

    @staticmethod
    def _strings(answer: object) -> dict[str, str]:
        if not isinstance(answer, dict):
            raise TypeError("the relay answered with something else")
        return {str(key): str(value) for key, value in answer.items()}
