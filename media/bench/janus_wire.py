"""Talking to Janus: its Unix socket (one JSON object a datagram), transactions, and what a room needs.

The messages are those of Janus' own API (janus.conf.meetecho.com/docs: "Janus API", "VideoRoom").
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
from typing import Any

Message = dict[str, Any]

DEADLINE_S = 20.0
MAX_MESSAGE_BYTES = 256 * 1024
PLUGIN = "janus.plugin.videoroom"


class JanusError(Exception):
    """Janus refused, said something unexpected, or was not heard of in time."""


def room_request(room: int) -> Message:
    """A room like ours: one sender of VP8 and Opus, transport-cc, no rate limit of its own."""
    return {
        "request": "create",
        "room": room,
        "publishers": 1,
        "audiocodec": "opus",
        "videocodec": "vp8",
        "bitrate": 0,
        "transport_wide_cc_ext": True,
        "opus_fec": True,
        "notify_joining": False,
    }


def publish_request(room: int) -> Message:
    return {"request": "joinandconfigure", "ptype": "publisher", "room": room}


def subscribe_request(room: int, feed: int) -> Message:
    return {"request": "join", "ptype": "subscriber", "room": room, "streams": [{"feed": feed}]}


def jsep(kind: str, sdp: str) -> Message:
    """All candidates are in the description."""
    return {"type": kind, "sdp": sdp, "trickle": False}


def check_answer(message: Message) -> Message:
    """The message itself; raises JanusError where it carries an error of Janus or of the plugin."""
    if message.get("janus") == "error":
        raise JanusError(message["error"].get("reason", "refused"))
    problem = message.get("plugindata", {}).get("data", {}).get("error")
    if problem is not None:
        raise JanusError(problem)
    return message


class JanusWire:
    """One connection. Requests are matched by transaction; an asynchronous one has a second answer, the event."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._numbers = itertools.count(1)
        self._waiting: dict[str, tuple[bool, asyncio.Future[Message]]] = {}
        self._up: dict[int, asyncio.Event] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(cls, path: str) -> JanusWire:
        """Raises OSError while nobody listens."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.setblocking(False)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        return cls(connection)

    async def request(self, janus: str, *, wants_event: bool = False, **fields: Any) -> Message:
        """The answer, or with `wants_event` the event that follows its `ack`. Raises JanusError."""
        transaction = f"t{next(self._numbers)}"
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = (wants_event, future)
        try:
            self._socket.send(json.dumps({"janus": janus, "transaction": transaction, **fields}).encode())
            async with asyncio.timeout(DEADLINE_S):
                return check_answer(await future)
        except TimeoutError as error:
            raise JanusError(f"no answer to {janus} within {DEADLINE_S:.0f} s") from error
        finally:
            del self._waiting[transaction]

    async def wait_up(self, handle: int) -> None:
        """Until the handle's connection stands. Raises JanusError after the deadline."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._up.setdefault(handle, asyncio.Event()).wait()
        except TimeoutError as error:
            raise JanusError(f"no connection within {DEADLINE_S:.0f} s") from error

    async def aclose(self) -> None:
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._socket.close()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while content := await loop.sock_recv(self._socket, MAX_MESSAGE_BYTES):
            self._take(json.loads(content))

    def _take(self, message: Message) -> None:
        if message.get("janus") == "webrtcup":
            self._up.setdefault(message["sender"], asyncio.Event()).set()
            return
        wants_event, future = self._waiting.get(message.get("transaction", ""), (False, None))
        if future is not None and not future.done() and not (wants_event and message.get("janus") == "ack"):
            future.set_result(message)
