"""Typed messages to a person, to a session, to everybody who follows an inspection."""

from __future__ import annotations

from collections.abc import Callable

import socketio

from inspection.domain.actor import Role
from signaling.messages import SERVER_MESSAGES, ServerMessage

NAMESPACES = {Role.INSPECTOR: "/inspector", Role.APPLICANT: "/applicant"}
_EVENTS = {model: event for event, model in SERVER_MESSAGES.items()}


def session_room(session_id: str) -> str:
    return f"session:{session_id}"


def inspection_room(inspection_id: str) -> str:
    return f"inspection:{inspection_id}"


class Outbox:
    """Each message class belongs to one event; see `signaling.messages.SERVER_MESSAGES`."""

    def __init__(self, server: socketio.AsyncServer) -> None:
        self._server = server

    async def enter(self, role: Role, sid: str, inspection_id: str, session_id: str) -> None:
        for room in (session_room(session_id), inspection_room(inspection_id)):
            await self._server.enter_room(sid, room, namespace=NAMESPACES[role])

    async def drop(self, role: Role, sid: str, inspection_id: str, session_id: str) -> None:
        for room in (session_room(session_id), inspection_room(inspection_id)):
            await self._server.leave_room(sid, room, namespace=NAMESPACES[role])

    async def to_room(self, room: str, message: ServerMessage) -> None:
        for namespace in NAMESPACES.values():
            await self._send(message, room, namespace)

    async def to_room_as(self, room: str, make: Callable[[Role], ServerMessage]) -> None:
        """Each role gets its own form of the message."""
        for role, namespace in NAMESPACES.items():
            await self._send(make(role), room, namespace)

    async def to_session(self, session_id: str, message: ServerMessage) -> None:
        await self.to_room(session_room(session_id), message)

    async def to_sid(self, role: Role, sid: str, message: ServerMessage) -> None:
        await self._send(message, sid, NAMESPACES[role])

    async def _send(self, message: ServerMessage, to: str, namespace: str) -> None:
        body = message.model_dump(mode="json")
        await self._server.emit(_EVENTS[type(message)], body, to=to, namespace=namespace)
