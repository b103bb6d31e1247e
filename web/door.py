"""Who gets a TCP connection: so many in all and so many of one address, each with a deadline for its first words."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

#: From the TCP connection to the end of the TLS handshake.
HANDSHAKE_DEADLINE_S = 10.0
#: From there to the end of a request's header, and again after each answer. Also how long an idle connection is kept.
HEADER_DEADLINE_S = 30.0
TOLD_EVERY_S = 10.0
#: Where accepting fails (no file handles left), it is tried again after this.
PAUSE_S = 0.5

ProtocolFactory = Callable[[], asyncio.Protocol]
Networks = Sequence[IPv4Network | IPv6Network]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """in_all and of_one_address: connections at a time. Addresses of `uncounted` count in all only: our own proxies."""

    in_all: int
    of_one_address: int
    uncounted: Networks = ()


class Crowd:
    """Counts connections by address; an IPv6 host owns its whole /64. Pure."""

    def __init__(self, limits: DoorLimits) -> None:
        self._limits = limits
        self._by_address: dict[str, int] = {}
        self.inside = 0

    def enter(self, address: str) -> Callable[[], None] | None:
        """What to call, once or more often, when the connection has ended; None where it is one too many."""
        key = self._key(address)
        if self.inside >= self._limits.in_all:
            return None
        if key is not None and self._by_address.get(key, 0) >= self._limits.of_one_address:
            return None
        self._count(key, 1)
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                self._count(key, -1)

        return leave

    def _count(self, key: str | None, change: int) -> None:
        self.inside += change
        if key is not None:
            self._by_address[key] = self._by_address.get(key, 0) + change
            if not self._by_address[key]:
                del self._by_address[key]

    def _key(self, address: str) -> str | None:
        parsed = ip_address(address.partition("%")[0])
        if any(parsed in network for network in self._limits.uncounted):
            return None
        return str(IPv6Address(int(parsed) >> 64 << 64)) if isinstance(parsed, IPv6Address) else str(parsed)


class Door:
    """Owner of the accepting tasks; the listening sockets and what `make_protocol` belongs to are the caller's."""

    def __init__(
        self,
        limits: DoorLimits,
        make_protocol: ProtocolFactory,
        tls: ssl.SSLContext | None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.crowd = Crowd(limits)
        self._make_protocol = make_protocol
        self._tls = tls
        self._now_s = now_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._refused = 0
        self._told_s = -TOLD_EVERY_S

    def open(self, listening: Sequence[socket.socket]) -> None:
        for one in listening:
            one.setblocking(False)
            self._keep(asyncio.create_task(self._accept(one)))

    async def aclose(self) -> None:
        """Nobody else comes in; who is inside stays. Idempotent."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                one, address = await loop.sock_accept(listening)
            except OSError as error:
                _log.warning("cannot take a connection: %s", error.strerror)
                await asyncio.sleep(PAUSE_S)
                continue
            leave = self.crowd.enter(address[0])
            if leave is None:
                one.close()
                self._tell_refused()
            else:
                self._keep(asyncio.create_task(self._let_in(one, leave)))

    async def _let_in(self, one: socket.socket, leave: Callable[[], None]) -> None:
        """The handshake, where there is one; from then on the protocol has the connection."""
        loop = asyncio.get_running_loop()
        deadline_s = HANDSHAKE_DEADLINE_S if self._tls is not None else None
        try:
            one.setblocking(False)
            await loop.connect_accepted_socket(
                lambda: Counted(self._make_protocol(), leave), one, ssl=self._tls, ssl_handshake_timeout=deadline_s
            )
        except (OSError, ssl.SSLError, TimeoutError):  # it went away, or speaks no TLS: nobody's concern but its own
            leave()
            one.close()
        except BaseException:
            leave()
            one.close()
            raise

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell_refused(self) -> None:
        self._refused += 1
        if self._now_s() - self._told_s >= TOLD_EVERY_S:
            _log.warning("too_many_connections: %d refused, %d are open", self._refused, self.crowd.inside)
            self._told_s, self._refused = self._now_s(), 0


class Counted(asyncio.Protocol):
    """Passes everything on to the protocol within, and says when the connection has ended."""

    def __init__(self, within: asyncio.Protocol, leave: Callable[[], None]) -> None:
        self._within = within
        self._leave = leave
        self.data_received = within.data_received  # type: ignore[method-assign]  # without a step of ours between
        self.eof_received = within.eof_received  # type: ignore[method-assign]
        self.pause_writing = within.pause_writing  # type: ignore[method-assign]
        self.resume_writing = within.resume_writing  # type: ignore[method-assign]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._within.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._leave()
        self._within.connection_lost(error)


def allow_many_handles(wanted: int = 65_536) -> None:
    """Raise this process's soft limit of file handles as far as it may go by itself."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
