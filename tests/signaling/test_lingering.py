"""Session sockets in no namespace are closed; those in one stay. A real server, its deadline made short."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import socketio
from aiohttp import web
from aiohttp.test_utils import TestServer
from socketio.exceptions import ConnectionRefusedError as Refused

from signaling.namespace import make_server

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package")]

WITHIN_S = 0.3
SECRET = '40/inspector,{"csrf":"right"}'


class Door(socketio.AsyncNamespace):  # type: ignore[misc]  # the library has no types
    async def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        if auth is None:
            raise Refused("not you")


class Visitor:
    """A WebSocket that answers pings, whatever becomes of it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.pings = 0
        self.until_s = time.monotonic() + 10

    async def send(self, frame: str) -> None:
        await self.socket.send_str(frame)

    async def next(self, begins: str) -> None:
        while not (await self._frame()).startswith(begins):
            pass

    async def closed(self) -> None:
        """Until the server ends the WebSocket itself."""
        while await self._frame():
            pass

    async def _frame(self) -> str:
        """The next text; empty when the socket is over."""
        message = await self.socket.receive(timeout=max(0.0, self.until_s - time.monotonic()))
        if message.type is not aiohttp.WSMsgType.TEXT:
            return ""
        if message.data == "2":
            self.pings += 1
            await self.socket.send_str("3")
        return str(message.data)


@pytest_asyncio.fixture(loop_scope="package")
async def server() -> AsyncIterator[Any]:
    sockets = make_server(join_within_s=WITHIN_S)
    sockets.register_namespace(Door("/inspector"))
    app = web.Application()
    sockets.attach(app)
    async with TestServer(app) as listening:
        sockets.url = listening.make_url("/socket.io/?EIO=4&transport=websocket")
        yield sockets
        await sockets.shutdown()


@pytest_asyncio.fixture(loop_scope="package")
async def visitor(server: Any) -> AsyncIterator[Visitor]:
    async with aiohttp.ClientSession() as http, http.ws_connect(server.url) as socket:
        yield Visitor(socket)


async def test_a_socket_that_asks_for_nothing_is_closed(server: Any, visitor: Visitor) -> None:
    await visitor.closed()
    assert (server.environ, server._timers) == ({}, {})


async def test_a_socket_that_is_refused_again_and_again_is_closed(server: Any, visitor: Visitor) -> None:
    asked = 0

    async def ask() -> None:
        nonlocal asked
        while not visitor.socket.closed:
            asked += 1
            await visitor.send("40/inspector,")
            await asyncio.sleep(WITHIN_S / 5)

    asking = asyncio.create_task(ask())
    await visitor.closed()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert asked > 1, "it was refused once only"
    assert (server.environ, server._timers) == ({}, {})


async def test_a_socket_that_came_in_stays_until_it_has_left(server: Any, visitor: Visitor) -> None:
    await visitor.send(SECRET)
    while visitor.pings < 2:  # more than a second: several times the deadline
        await visitor.next("2")
    assert server._timers == {}
    await visitor.send("41/inspector,")
    await visitor.closed()
    assert (server.environ, server._timers) == ({}, {})


async def test_a_socket_that_comes_back_in_time_stays(server: Any, visitor: Visitor) -> None:
    for _ in range(2):
        await visitor.send(SECRET)
        await visitor.next("40/inspector")
        await visitor.send("41/inspector,")
    await visitor.send(SECRET)
    while visitor.pings < 2:
        await visitor.next("2")
    assert not visitor.socket.closed
