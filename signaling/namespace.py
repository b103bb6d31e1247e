"""A role's Socket.IO namespace. Events go through one table and come back as acknowledgements.

Facts of python-socketio that this is built around: with `async_handlers=False` the events of one client stay in order;
a handler that raises sends no acknowledgement; a client may emit an event named `connect` or `disconnect`.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import socketio
from socketio.exceptions import ConnectionRefusedError as Refused

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError, Kind
from signaling.callers import Caller
from signaling.frames import read_frames_ourselves
from signaling.gate import Gate
from signaling.handlers import HANDLERS, Asked
from signaling.lingering import JOIN_WITHIN_S, JoiningServer
from signaling.live import LiveSessions
from signaling.messages import CLIENT_MESSAGES, ServerMessage
from signaling.outbox import NAMESPACES
from signaling.packets import TextPacket
from signaling.replies import Ack, answer, error_view

_log = logging.getLogger(__name__)


class SessionNamespace(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
    """Owns the callers of its role."""

    def __init__(self, role: Role, gate: Gate, live: LiveSessions) -> None:
        super().__init__(NAMESPACES[role])
        self._role = role
        self._gate = gate
        self._live = live
        self._callers: dict[str, Caller] = {}

    async def trigger_event(self, event: str, *args: Any) -> Any:
        """The documented hook that every event passes."""
        sid = args[0]
        if event == "connect":
            return None if sid in self._callers else await self._connect(sid, *args[1:])
        if event == "disconnect":
            forged = self.server.manager.is_connected(sid, self.namespace)
            return None if forged else self._disconnect(sid)
        return await self._answer(sid, event, args[1:])

    async def drop_signed_out(self) -> None:
        """Disconnects whoever's login holds no longer: signed out, replaced, or the invitation revoked."""
        for caller in list(self._callers.values()):
            try:
                await self._gate.find(self._role, caller.login.token)
            except InspectionError as error:
                if error.kind is not Kind.NOT_AUTHENTICATED:
                    raise
                await self._put_out(caller)

    async def _put_out(self, caller: Caller) -> None:
        """Whose login holds no longer neither sends nor hears from now on; nobody waits for them to return."""
        session = self._live.find(caller.session_id) if caller.session_id else None
        seat = session.seat_of_sid(caller.sid) if session else None
        if session is not None and seat is not None:
            await self._live.leave(session.session_id, seat)
        await self.disconnect(caller.sid)

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        try:
            login = await self._gate.admit(self._role, environ, auth)
        except Exception as error:
            view = error_view(error)
            raise Refused(view.message, view.model_dump(mode="json", exclude_none=True)) from error
        self._callers[sid] = Caller(sid, self._role, login)

    def _disconnect(self, sid: str) -> None:
        caller = self._callers.pop(sid, None)
        if caller is not None and caller.session_id is not None:
            self._live.lose_socket(caller.session_id, sid)

    async def _answer(self, sid: str, event: str, args: tuple[Any, ...]) -> Ack:
        async def work() -> ServerMessage | None:
            caller = self._callers.get(sid)
            if caller is None:
                raise InspectionError(Kind.NOT_AUTHENTICATED, "not_authenticated", "connect first")
            caller.allowance.take(time.monotonic())
            message = _message(event, args)
            caller.login = await self._gate.find(self._role, caller.login.token)
            return await HANDLERS[event](Asked(self._live, caller), message)

        return await answer(work)


def _message(event: str, args: tuple[Any, ...]) -> Any:
    """The event's one object, checked. Raises `unknown_event`, ValidationError."""
    model = CLIENT_MESSAGES.get(event)
    if model is None:
        raise InspectionError(Kind.INVALID, "unknown_event", "no such event")
    if len(args) > 1:
        raise InspectionError(Kind.INVALID, "field_invalid", "one object a message")
    return model.model_validate(args[0] if args else {}, strict=False)


def make_server(join_within_s: float = JOIN_WITHIN_S) -> socketio.AsyncServer:
    """Short pings: both ends notice a dead link within three seconds. Origins are the gate's affair.

    Only the roles' namespaces are open: the library's default one takes anybody. WebSocket alone: browsers send no
    Origin with the GET that begins long polling, so the gate could never admit it. A socket that is in no namespace
    for `join_within_s` is closed.
    """
    server = JoiningServer(
        join_within_s,
        async_mode="aiohttp",
        async_handlers=False,
        namespaces=list(NAMESPACES.values()),
        serializer=TextPacket,
        transports=["websocket"],
        cors_allowed_origins=[],
        max_http_buffer_size=100_000,
        ping_interval=1,
        ping_timeout=2,
        logger=False,
        engineio_logger=False,
    )
    return read_frames_ourselves(server)
