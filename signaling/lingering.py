"""Session sockets that are in no namespace: after a while they are closed.

The library keeps a WebSocket for as long as it answers pings, whoever was refused or never asked to come in. An
address may hold only so many connections, and a whole office can share one behind its NAT.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import socketio

_log = logging.getLogger(__name__)

#: A page asks to come in as soon as its socket is open: one round trip, two seconds on the worst line that still
#: holds a call, and the gate's read of the login. Five times that.
JOIN_WITHIN_S = 10.0


class JoiningServer(socketio.AsyncServer):  # type: ignore[misc]  # the library has no types
    """Owns one timer for each socket without a namespace; being refused does not begin it anew."""

    def __init__(self, join_within_s: float, **options: Any) -> None:
        super().__init__(client_manager=_Members(), **options)
        self._join_within_s = join_within_s
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def watch(self, eio_sid: str) -> None:
        """It is in no namespace, as of now or since before."""
        if eio_sid in self.environ and eio_sid not in self._timers:
            self._look_after(self._join_within_s, eio_sid)

    def forget(self, eio_sid: str) -> None:
        """It is in a namespace, or gone."""
        timer = self._timers.pop(eio_sid, None)
        if timer is not None:
            timer.cancel()

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self.watch(eio_sid)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        await super()._handle_eio_disconnect(eio_sid, reason)
        self.forget(eio_sid)

    def _look_after(self, delay_s: float, eio_sid: str) -> None:
        self._timers[eio_sid] = asyncio.get_running_loop().call_later(delay_s, self._look, eio_sid)

    def _look(self, eio_sid: str) -> None:
        if self.manager.is_asking(eio_sid):  # the library would let it in after its end, and keep it for ever
            self._look_after(self._join_within_s / 10, eio_sid)
            return
        del self._timers[eio_sid]
        task = asyncio.get_running_loop().create_task(self._close(eio_sid))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, eio_sid: str) -> None:
        """The library's own closing leaves the WebSocket open to whoever goes on sending: end its writer too."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is None or socket.closed:
            return
        _log.info("a session socket came into no namespace in time")
        await socket.close(wait=False, reason=self.reason.SERVER_DISCONNECT)
        await socket.queue.put(None)


class _Members(socketio.AsyncManager):  # type: ignore[misc]  # the library has no types
    """Tells its server of every way into a namespace and out of one: left, put out, refused, gone."""

    server: JoiningServer

    async def connect(self, sid: str, namespace: str) -> Any:
        joined = await super().connect(sid, namespace)
        self.server.forget(self.eio_sid_from_sid(joined, namespace))
        return joined

    def basic_disconnect(self, sid: str, namespace: str, **more: Any) -> None:
        eio_sid = self.eio_sid_from_sid(sid, namespace) if self.is_sid_room(namespace, sid) else None
        super().basic_disconnect(sid, namespace, **more)
        if eio_sid is not None and not self._sids(eio_sid):
            self.server.watch(eio_sid)

    def is_asking(self, eio_sid: str) -> bool:
        """Whether the gate is deciding about one of its namespaces now."""
        return any(sid in self.pending_connect.get(name, ()) for name, sid in self._sids(eio_sid).items())

    def _sids(self, eio_sid: str) -> dict[str, str]:
        """Its ids by the namespaces that it is in, or asks to come into."""
        found = {name: self.sid_from_eio_sid(eio_sid, name) for name in self.get_namespaces()}
        return {name: sid for name, sid in found.items() if sid is not None}
