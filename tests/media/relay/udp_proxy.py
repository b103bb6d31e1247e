"""A UDP proxy before one address of the relay. Subclasses decide what becomes of each datagram, and when."""

from __future__ import annotations

import asyncio
import re
import socket
from abc import ABC, abstractmethod

Address = tuple[str, int]


class UdpProxy(ABC):
    """The relay sees a socket of its own for each address that sends here."""

    def __init__(self) -> None:
        self._relay: Address = ("", 0)
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, asyncio.DatagramTransport] = {}
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

    def rebind(self) -> None:
        """The relay sees other addresses from now on, as after a router has forgotten its translation."""
        backs, self._backs = self._backs, {}
        for transport in backs.values():
            transport.close()

    def aclose(self) -> None:
        for transport in [self._front, *self._backs.values()]:
            if transport is not None:
                transport.close()

    @abstractmethod
    def towards_relay(self, data: bytes, source: Address) -> None:
        """Somebody sent it; `send_on` passes it on."""

    @abstractmethod
    def towards_peer(self, data: bytes, peer: Address) -> None:
        """The relay sent it; `send_back` passes it on."""

    def send_on(self, data: bytes, source: Address) -> None:
        if source in self._backs:
            self._backs[source].sendto(data)

    def send_back(self, data: bytes, peer: Address) -> None:
        if self._front is not None:
            self._front.sendto(data, peer)

    def take(self, data: bytes, source: Address) -> None:
        if source in self._backs:
            self.towards_relay(data, source)
            return
        task = asyncio.create_task(self._open_back(data, source))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open_back(self, data: bytes, source: Address) -> None:
        loop = asyncio.get_running_loop()
        back, _ = await loop.create_datagram_endpoint(
            lambda: _Back(self, source), remote_addr=self._relay, family=socket.AF_INET
        )
        if source in self._backs:  # an earlier datagram has opened one meanwhile
            back.close()
        else:
            self._backs[source] = back
        self.towards_relay(data, source)


class _Front(asyncio.DatagramProtocol):
    def __init__(self, proxy: UdpProxy) -> None:
        self._proxy = proxy

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._proxy.take(data, addr)


class _Back(asyncio.DatagramProtocol):
    def __init__(self, proxy: UdpProxy, peer: Address) -> None:
        self._proxy, self._peer = proxy, peer

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._proxy.towards_peer(data, self._peer)

    def error_received(self, exc: Exception) -> None:
        """The relay closed its socket; the call is over."""
