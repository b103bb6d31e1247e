"""Who opens connections and says nothing, or says it slowly, or opens very many."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp import web

from web.certificates import local_context
from web.door import Crowd, Door, DoorLimits


class TestCrowd:
    pytestmark = pytest.mark.unit

    def test_so_many_of_one_address_and_so_many_in_all(self) -> None:
        crowd = Crowd(DoorLimits(5, 3))
        assert all(crowd.enter("192.0.2.1") for _ in range(3))
        assert crowd.enter("192.0.2.1") is None
        assert crowd.enter("192.0.2.2") and crowd.enter("192.0.2.3")
        assert crowd.enter("192.0.2.4") is None and crowd.inside == 5

    def test_who_leaves_makes_room_once(self) -> None:
        crowd = Crowd(DoorLimits(5, 1))
        leave = crowd.enter("192.0.2.1")
        assert leave is not None
        leave()
        leave()
        assert crowd.inside == 0
        assert crowd.enter("192.0.2.1") is not None and crowd.enter("192.0.2.1") is None

    def test_a_host_of_ipv6_has_one_count_for_all_its_addresses(self) -> None:
        crowd = Crowd(DoorLimits(9, 2))
        assert crowd.enter("2001:db8:1:2::3") and crowd.enter("2001:db8:1:2:ffff::4")
        assert crowd.enter("2001:db8:1:2::5") is None and crowd.enter("2001:db8:1:3::5") is not None

    def test_our_own_proxy_stands_for_everybody_behind_it(self) -> None:
        crowd = Crowd(DoorLimits(9, 1, (ip_network("127.0.0.0/8"),)))
        assert all(crowd.enter("127.0.0.1") for _ in range(9))
        assert crowd.enter("127.0.0.1") is None


@asynccontextmanager
async def door(
    limits: DoorLimits, *, header_s: float = 30.0, tls_folder: Path | None = None
) -> AsyncIterator[tuple[Door, int]]:
    async def hello(_: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=header_s)
    await runner.setup()
    assert runner.server is not None
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    opened = Door(limits, runner.server, local_context(tls_folder) if tls_folder else None)
    opened.open([listening])
    try:
        yield opened, listening.getsockname()[1]
    finally:
        await opened.aclose()
        listening.close()
        await runner.cleanup()


async def says(port: int, words: bytes = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.integration
@pytest.mark.parametrize("words", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET "])
async def test_whoever_does_not_finish_a_header_is_put_out(words: bytes) -> None:
    async with door(DoorLimits(10, 10), header_s=0.3) as (opened, port):
        began = time.monotonic()
        assert b"200" not in await says(port, words)
        assert time.monotonic() - began < 5
        assert opened.crowd.inside == 0


@pytest.mark.integration
async def test_a_header_that_trickles_is_put_out_all_the_same() -> None:
    async with door(DoorLimits(10, 10), header_s=0.5) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def trickle() -> None:
            while True:
                writer.write(b"X-A: b\r\n")
                await asyncio.sleep(0.05)

        writer.write(b"GET / HTTP/1.1\r\n")
        trickling = asyncio.create_task(trickle())
        try:
            async with asyncio.timeout(5):
                assert b"200" not in await reader.read()
        except ConnectionError:
            pass
        finally:
            trickling.cancel()
            writer.close()


@pytest.mark.integration
async def test_one_connection_too_many_is_refused_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    async with door(DoorLimits(10, 3)) as (opened, port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        with caplog.at_level(logging.WARNING, "web.door"):
            assert [await says(port) for _ in range(5)] == [b""] * 5
        assert len([line for line in caplog.messages if line.startswith("too_many_connections")]) == 1
        for reader, writer in held:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            async with asyncio.timeout(10):
                assert b"hello" in await reader.read()
            writer.close()
        assert b"hello" in await says(port)
        assert opened.crowd.inside == 0


@pytest.mark.integration
async def test_whoever_speaks_no_tls_is_gone_without_a_trace(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with door(DoorLimits(10, 3), tls_folder=tmp_path / "tls") as (opened, port):
        for _ in range(10):
            assert b"hello" not in await says(port)
        assert opened.crowd.inside == 0
    assert not [record for record in caplog.records if record.exc_info]
