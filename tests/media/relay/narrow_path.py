"""A UDP proxy before one relay address, whose way towards the viewer carries so many bits a second and no more."""

from __future__ import annotations

import asyncio
import re
import socket

#: What waits for its turn longer than this is dropped, as a modem's queue does.
QUEUE_S = 0.4
OVERHEAD_BYTES = 28


class NarrowPath:
    """`bits_per_s` may be changed at any time; None carries everything."""

    def __init__(self, bits_per_s: int | None) -> None:
        self.bits_per_s = bits_per_s
        self.dropped = 0
        self._free_at = 0.0
        self._relay: tuple[str, int] = ("", 0)
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[tuple[str, int], asyncio.DatagramTransport] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def through(self, sdp: str) -> str:
        """The description by the relay, with this proxy as its one candidate."""
        host, port = re.findall(r"a=candidate:\S+ 1 udp \d+ ([\d.]+) (\d+)", sdp)[0]
        self._relay = (host, int(port))
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(lambda: _Front(self), local_addr=(host, 0))
        own = self._front.get_extra_info("sockname")[1]
        lines = [line for line in sdp.split("\r\n") if "a=candidate" not in line or f" {host} {port} " in line]
        return "\r\n".join(lines).replace(f" {host} {port} ", f" {host} {own} ")

    def aclose(self) -> None:
        for transport in [self._front, *self._backs.values()]:
            if transport is not None:
                transport.close()

    def towards_relay(self, data: bytes, source: tuple[str, int]) -> None:
        task = asyncio.create_task(self._send_on(data, source))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def towards_viewer(self, data: bytes, viewer: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        start = max(now, self._free_at)
        if start - now > QUEUE_S:
            self.dropped += 1
            return
        taken_s = (len(data) + OVERHEAD_BYTES) * 8 / self.bits_per_s if self.bits_per_s else 0.0
        self._free_at = start + taken_s
        if self._front is not None:
            loop.call_at(self._free_at, self._front.sendto, data, viewer)

    async def _send_on(self, data: bytes, source: tuple[str, int]) -> None:
        if source not in self._backs:
            loop = asyncio.get_running_loop()
            self._backs[source], _ = await loop.create_datagram_endpoint(
                lambda: _Back(self, source), remote_addr=self._relay, family=socket.AF_INET
            )
        self._backs[source].sendto(data)


class _Front(asyncio.DatagramProtocol):
    def __init__(self, path: NarrowPath) -> None:
        self._path = path

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._path.towards_relay(data, addr)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, path: NarrowPath, viewer: tuple[str, int]) -> None:
        self._path, self._viewer = path, viewer

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._path.towards_viewer(data, self._viewer)

    def error_received(self, exc: Exception) -> None:
        """The relay closed its socket; the call is over."""
