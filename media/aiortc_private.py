"""The one place that touches private names of aiortc, aioice and pylibsrtp.

`check_versions` refuses versions that nobody has tried with this module; a test fails when a name used here is gone.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import aioice.ice
from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol
from aioice.stun import Class, Message, parse_message
from aiortc import RTCCertificate, RTCDtlsTransport, RTCIceGatherer, RTCIceTransport
from pylibsrtp import Session
from pylibsrtp._binding import ffi, lib

from media.budget import Budget
from media.candidates import LOOPBACK, described, host_addresses
from media.config import RelayConfig
from media.errors import no_media_address, udp_ports_used_up
from media.guard import (
    MAX_CHECK_ERRORS,
    MAX_MEDIA_BYTES,
    MAX_STRANGE_CHECKS_PER_S,
    MAX_WAITING_DATAGRAMS,
    MIN_MEDIA_BYTES,
    GuardCounters,
    ProvenAddresses,
    is_dtls,
    is_stun_request,
    may_be_stun,
)
from media.udp_ports import bind_udp

TRIED_VERSIONS = {"aiortc": "1.16", "aioice": "0.13", "pylibsrtp": "1.0"}

logger = logging.getLogger(__name__)

Address = tuple[str, int]
MediaSink = Callable[[bytes], None]
#: Sends a datagram to an address at once or raises OSError.
SendTo = Callable[[bytes, Address], object]


class SrtpError(Exception):
    """A packet that libsrtp refuses: forged, repeated, or too long."""


def check_versions() -> None:
    """Raises RuntimeError where a library is of another minor version than those tried with this module."""
    for name, tried in TRIED_VERSIONS.items():
        found = version(name)
        if found.split(".")[:2] != tried.split("."):
            raise RuntimeError(f"{name} {found} is installed, the relay was tried with {tried}.x only")


def gather_loopback_when_alone() -> None:
    """Let aiortc's own peer connections (robots, tests) use 127.0.0.1 on a machine that has no other address.

    aioice never gathers it. Idempotent; for clients in processes of their own, the relay binds what it is told.
    """
    gathered = aioice.ice.get_host_addresses
    if getattr(gathered, "with_loopback", False):
        return

    def with_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return gathered(use_ipv4=use_ipv4, use_ipv6=use_ipv6) or [LOOPBACK]

    with_loopback.with_loopback = True  # type: ignore[attr-defined]
    aioice.ice.get_host_addresses = with_loopback


def read_stun(data: bytes) -> Message:
    """aioice's parser, which lets out what unpacking a cut attribute raises. Raises ValueError."""
    try:
        return parse_message(data)
    except (struct.error, LookupError) as error:
        raise ValueError("STUN attribute is cut off") from error


def read_check(data: bytes) -> Message:
    """A request; the priority is mandatory (RFC 8445 section 7.1.1) and read without a look later on."""
    message = read_stun(data)
    if "PRIORITY" not in message.attributes:
        raise ValueError("check without a priority")
    return message


class GuardedProtocol(StunProtocol):
    """One UDP socket. Media goes straight to the connection's sink; nothing a datagram holds can raise out of here."""

    receiver: GuardedConnection
    #: Media is sent by the socket itself: the event loop's transport would queue without bound what the kernel refuses.
    bound: socket.socket

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        connection = self.receiver
        try:
            if not data:
                connection.counters.empty += 1
            elif 127 < data[0] < 192:  # type: ignore[operator]  # RTP and RTCP, without a call
                self._take_media(connection, data, addr)  # type: ignore[arg-type]
            elif is_dtls(data[0]):  # type: ignore[arg-type]
                self._take_dtls(connection, data, addr)  # type: ignore[arg-type]
            else:
                self._take_stun(connection, data, (addr[0], addr[1]))  # type: ignore[arg-type]
        except Exception as error:  # anybody may send anything: no datagram may end the socket
            self._count_failure(connection, error, (addr[0], addr[1]))

    def _take_media(self, connection: GuardedConnection, data: bytes, addr: Address) -> None:
        """Hot path: what is in order costs one call, the sink's."""
        if addr not in connection.proven.addresses:
            connection.counters.stranger += 1
            return
        size = len(data)
        connection.budget.left -= size + connection.packet_cost
        if connection.budget.left < 0 and not connection.renew(size + connection.packet_cost):
            connection.counters.over_cap += 1
        elif size > MAX_MEDIA_BYTES:
            connection.counters.too_long += 1
        elif size < MIN_MEDIA_BYTES:
            connection.counters.too_short += 1
        elif connection.media_sink is not None:
            connection.media_sink(data)

    def _take_dtls(self, connection: GuardedConnection, data: bytes, addr: Address) -> None:
        if addr not in connection.proven:
            connection.counters.stranger += 1
        elif not connection.afford(data):
            connection.counters.over_cap += 1
        elif connection.waiting_datagrams() >= MAX_WAITING_DATAGRAMS:
            connection.counters.queue_full += 1
        else:
            connection.data_received(data, self.local_candidate.component)

    def _take_stun(self, connection: GuardedConnection, data: bytes, addr: Address) -> None:
        if not may_be_stun(data):
            connection.counters.malformed += 1
        elif is_stun_request(data):
            self._take_check(connection, data, addr)
        elif data[8:20] in self.transactions:
            message = read_stun(data)
            if message.message_class == Class.ERROR:
                connection.check_errors += 1
            if message.message_class == Class.RESPONSE or (
                message.message_class == Class.ERROR and connection.check_errors <= MAX_CHECK_ERRORS
            ):
                self.transactions[message.transaction_id].response_received(message, addr)
        else:
            connection.counters.stun_unknown += 1

    def _take_check(self, connection: GuardedConnection, data: bytes, addr: Address) -> None:
        """Who has not proved itself must not use up what the peer may send, nor what our signatures cost."""
        if connection.username_prefix not in data:
            connection.counters.stun_unknown += 1
        elif addr in connection.proven:
            if connection.afford(data):
                connection.request_received(read_check(data), addr, self)
            else:
                connection.counters.over_cap += 1
        elif connection.strange_checks.take():
            connection.request_received(read_check(data), addr, self)
        else:
            connection.counters.checks_refused += 1

    def _count_failure(self, connection: GuardedConnection, error: Exception, addr: Address) -> None:
        if isinstance(error, SrtpError):
            connection.counters.unprotect_failed += 1
        elif isinstance(error, ValueError):
            if addr in connection.proven:
                connection.counters.packet_malformed += 1
            else:
                connection.counters.malformed += 1
        else:
            connection.counters.handler_failed += 1
            if connection.counters.handler_failed < 10:
                logger.exception("a datagram made its handler fail")


class GuardedProtocol6(GuardedProtocol):
    """The same over IPv6, whose addresses come with flow and scope."""

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        super().datagram_received(data, addr[:2])


class GuardedConnection(Connection):
    """aioice's connection over guarded sockets; remote candidates are only those that prove themselves.

    `on_route` hears how and where to send, at each nomination.
    """

    def __init__(self, config: RelayConfig, now_us: Callable[[], int]) -> None:
        super().__init__(ice_controlling=False, use_ipv6=False)
        self.counters = GuardCounters()
        self.proven = ProvenAddresses(self.counters)
        self.strange_checks = Budget(MAX_STRANGE_CHECKS_PER_S, now_us)
        self.check_errors = 0
        self.on_flooding: Callable[[], None] | None = None
        self.budget = Budget(config.max_bytes_per_s, now_us)
        self.packet_cost = max(1, config.max_bytes_per_s // config.max_packets_per_s)
        self._failed_seen = 0
        self.media_sink: MediaSink | None = None
        self.on_route: Callable[[SendTo, Address], None] | None = None
        self.checks = 0
        self.username_prefix = f"{self.local_username}:".encode()
        self._config = config
        self._ports_used_up = False

    def waiting_datagrams(self) -> int:
        return self._queue.qsize()

    def afford(self, data: bytes) -> bool:
        """Whether the peer may send this, by its packets and bytes of this second: one comparison while it is so."""
        budget = self.budget
        cost = len(data) + self.packet_cost
        budget.left -= cost
        return budget.left >= 0 or self.renew(cost)

    def renew(self, cost: int) -> bool:
        """Whether a new second has begun.

        A flood closes the peer only where it is the peer's own: who borrows its address cannot protect packets as it
        does, and may make us drop, not close.
        """
        afforded = self.budget.renew(cost)
        if afforded:
            failed, self._failed_seen = (
                self.counters.unprotect_failed - self._failed_seen,
                self.counters.unprotect_failed,
            )
            if failed * 2 > self._config.max_packets_per_s:
                self.budget.over_windows = 0
        if self.budget.over_windows >= self._config.flooding_after_s and self.on_flooding is not None:
            told, self.on_flooding = self.on_flooding, None
            told()
        return afforded

    async def get_component_candidates(self, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:
        """Bind our own choice of addresses and ports; `addresses` is aioice's choice and ignored.

        Raises MediaError where nothing could be bound: udp_ports_used_up, no_media_address.
        """
        candidates = []
        for index, address in enumerate(host_addresses(self._config)):
            protocol = await self._bind(address)
            if protocol is None:
                continue
            port = protocol.transport.get_extra_info("sockname")[1]
            protocol.local_candidate = Candidate(
                foundation=candidate_foundation("host", "udp", address),
                component=component,
                transport="udp",
                priority=candidate_priority(component, "host", 65535 - index),
                host=address,
                port=port,
                type="host",
            )
            self._protocols.append(protocol)
            candidates.append(protocol.local_candidate)
        if not candidates:
            raise udp_ports_used_up() if self._ports_used_up else no_media_address()
        return candidates

    def check_incoming(self, message: Message, addr: Address, protocol: StunProtocol) -> None:
        """Called by aioice for each request that passed its authentication."""
        if self.proven.add(addr):
            self.checks += 1
            super().check_incoming(message, addr, protocol)

    def check_complete(self, pair: CandidatePair) -> None:
        super().check_complete(pair)
        selected = self._nominated.get(pair.component)
        if selected is pair and self.on_route is not None:
            self.proven.add(pair.remote_addr)
            assert isinstance(pair.protocol, GuardedProtocol)
            self.on_route(pair.protocol.bound.sendto, pair.remote_addr)

    async def _bind(self, address: str) -> GuardedProtocol | None:
        try:
            bound = bind_udp(address, self._config.udp_ports)
        except OSError as error:
            self._ports_used_up |= error.errno == errno.EADDRINUSE
            logger.error("cannot listen on %s: %s", address, error)
            return None
        protocol = (GuardedProtocol6 if ":" in address else GuardedProtocol)(self)
        await self.open_endpoint(protocol, bound)
        return protocol

    async def open_endpoint(self, protocol: GuardedProtocol, bound: socket.socket) -> None:
        """Let the protocol hear what comes in."""
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: protocol, sock=bound)
        protocol.bound = bound


class GuardedGatherer(RTCIceGatherer):
    """aiortc's gatherer over a guarded connection, without any foreign STUN server."""

    def __init__(self, config: RelayConfig, now_us: Callable[[], int]) -> None:
        super().__init__(iceServers=[])
        self.connection = GuardedConnection(config, now_us)
        self._connection = self.connection
        self._config = config

    def described(self) -> tuple[tuple[int, str, int], ...]:
        """(priority, address, port) of each candidate to name; call it after `gather`."""
        return described(self._config, [(found.ip, found.port) for found in self.getLocalCandidates()])


def make_dtls(ice: RTCIceTransport, certificate: RTCCertificate, is_server: bool) -> RTCDtlsTransport:
    """A DTLS transport with a fixed role (RFC 8842 decides it by SDP, not by the ICE role)."""
    dtls = RTCDtlsTransport(ice, [certificate])
    dtls._set_role("server" if is_server else "client")
    return dtls


def set_controlling(connection: GuardedConnection, controlling: bool) -> None:
    connection.ice_controlling = controlling


SrtpTransform = Callable[[bytes], bytes]


def srtp_transforms(dtls: RTCDtlsTransport) -> tuple[SrtpTransform, SrtpTransform, SrtpTransform, SrtpTransform]:
    """(unprotect, unprotect_rtcp, protect, protect_rtcp) of a connected transport; each raises SrtpError."""
    receiving, sending = dtls._rx_srtp, dtls._tx_srtp
    return (
        _transform(receiving, lib.srtp_unprotect),
        _transform(receiving, lib.srtp_unprotect_rtcp),
        _transform(sending, lib.srtp_protect),
        _transform(sending, lib.srtp_protect_rtcp),
    )


SRTP_BUFFER_BYTES = 2048
SRTP_TRAILER_BYTES = 148


def _transform(session: Session, function: Any) -> SrtpTransform:
    """What `pylibsrtp.Session` does, without its allocations. Not for threads."""
    handle = session._srtp[0]
    memory = ffi.new("char[]", SRTP_BUFFER_BYTES)
    buffer = ffi.buffer(memory)
    length = ffi.new("int *")
    longest = SRTP_BUFFER_BYTES - SRTP_TRAILER_BYTES
    ok = lib.srtp_err_status_ok

    def transform(packet: bytes, _session: Session = session) -> bytes:
        size = len(packet)
        if size > longest:
            raise SrtpError("packet is too long")
        buffer[0:size] = packet
        length[0] = size
        status = function(handle, memory, length)
        if status != ok:
            raise SrtpError(status)
        return buffer[0 : length[0]]  # type: ignore[no-any-return]

    return transform
