"""A UDP proxy between a sender and the relay that loses and delays datagrams by a seed."""

from __future__ import annotations

import asyncio
import random
import re
import socket


class LossyPath:
    """Stands before one relay address. `loss` counts for media towards the relay, `loss_back` for media from it;
    `delay_s` for each direction.
    """

    def __init__(self, loss: float, delay_s: float, seed: int, loss_back: float = 0.0) -> None:
        self.loss = loss
        self.loss_back = loss_back
        self.lost = 0
        self.blackout = False
        self._delay_s = delay_s
        self._chance = random.Random(seed)
        self._relay: tuple[str, int] = ("", 0)
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[tuple[str, int], asyncio.DatagramTransport] = {}

    async def through(self, sdp: str) -> str:
        """The answer of the relay, with this proxy as its one candidate."""
        host, port = re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", sdp)[0]
        self._relay = (host, int(port))
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(lambda: _Front(self), local_addr=(host, 0))
        own = self._front.get_extra_info("sockname")[1]
        lines = [line for line in sdp.split("\r\n") if "a=candidate" not in line or f" {host} {port} " in line]
        return "\r\n".join(lines).replace(f" {host} {port} ", f" {host} {own} ")

    def rebind(self) -> None:
        """The relay sees other addresses from now on, as after a router has forgotten its translation."""
        backs, self._backs = self._backs, {}
        for transport in backs.values():
            transport.close()

    def aclose(self) -> None:
        for transport in [self._front, *self._backs.values()]:
            if transport is not None:
                transport.close()

    async def towards_relay(self, data: bytes, source: tuple[str, int]) -> None:
        if source not in self._backs:
            loop = asyncio.get_running_loop()
            self._backs[source], _ = await loop.create_datagram_endpoint(
                lambda: _Back(self, source), remote_addr=self._relay, family=socket.AF_INET
            )
        if self.blackout or self._loses(data, self.loss):
            return
        asyncio.get_running_loop().call_later(self._delay_s, self._send_on, data, source)

    def towards_sender(self, data: bytes, source: tuple[str, int]) -> None:
        if self._front is not None and not self.blackout and not self._loses(data, self.loss_back):
            asyncio.get_running_loop().call_later(self._delay_s, self._front.sendto, data, source)

    def _send_on(self, data: bytes, source: tuple[str, int]) -> None:
        if source in self._backs:
            self._backs[source].sendto(data)

    def _loses(self, data: bytes, share: float) -> bool:
        is_media = 127 < data[0] < 192 and not 191 < data[1] < 224
        loses = is_media and self._chance.random() < share
        self.lost += loses
        return loses


class _Front(asyncio.DatagramProtocol):
    def __init__(self, path: LossyPath) -> None:
        self._path = path
        self._tasks: set[asyncio.Task[None]] = set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        task = asyncio.create_task(self._path.towards_relay(data, addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, path: LossyPath, source: tuple[str, int]) -> None:
        self._path = path
        self._source = source

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._path.towards_sender(data, self._source)

    def error_received(self, exc: Exception) -> None:
        """The relay closed its socket; the call is over."""
