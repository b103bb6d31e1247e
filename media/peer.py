"""One connection of one participant, one direction: ICE, then DTLS, then media until it ends."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc import RTCCertificate, RTCDtlsParameters, RTCDtlsTransport, RTCIceParameters, RTCIceTransport

from media.aiortc_private import (
    Address,
    GuardedGatherer,
    SendTo,
    SrtpError,
    SrtpTransform,
    make_dtls,
    set_controlling,
    srtp_transforms,
)
from media.config import RelayConfig
from media.events import Direction, LostCause, Role
from media.guard import MAX_CONTROL_SSRCS, MAX_REFUSED_SSRCS, FaultReport
from media.relay_clock import RelayClock
from media.sdp import LocalTransport, RemoteTransport

logger = logging.getLogger(__name__)

SEND_ERRORS = (OSError, RuntimeError, ValueError, SrtpError)


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    session_id: str
    peer_id: str
    participant_id: str
    role: Role
    direction: Direction


@dataclass(frozen=True, slots=True)
class PeerWatch:
    """Whom a peer tells of its life. Called on the event loop, at most once each, `on_lost` never after `aclose`."""

    on_connected: Callable[[Peer], None]
    on_lost: Callable[[Peer, LostCause], None]


class Peer(ABC):
    """Owner of one ICE and DTLS transport. Subclasses take what arrives and send by `send_media`, `send_control`."""

    def __init__(self, identity: PeerIdentity, config: RelayConfig, clock: RelayClock, watch: PeerWatch) -> None:
        self.identity = identity
        self.clock = clock
        self.connected = False
        self.closed = False
        self.remote: RemoteTransport | None = None
        self.last_heard_us = clock.now_us()
        self.created_us = self.last_heard_us
        self._config = config
        self._watch = watch
        self._certificate = RTCCertificate.generateCertificate()
        self._gatherer = GuardedGatherer(config, clock.now_us)
        self.counters = self._gatherer.connection.counters
        self._gatherer.connection.on_flooding = self._flooding
        self._faults = FaultReport(self.counters)
        self._control_ssrcs: set[int] = set()
        self._refused_ssrcs: set[int] = set()
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls: RTCDtlsTransport | None = None
        self._running: asyncio.Task[None] | None = None
        self._sendto: SendTo | None = None
        self._address: Address = ("", 0)
        self._protect: SrtpTransform | None = None
        self._protect_rtcp: SrtpTransform | None = None
        self._unprotect: SrtpTransform | None = None
        self._unprotect_rtcp: SrtpTransform | None = None
        self._checks_seen = 0

    @property
    def local_fingerprint(self) -> str:
        found = next(f for f in self._certificate.getFingerprints() if f.algorithm == "sha-256")
        return f"{found.algorithm} {found.value}"

    @property
    def guard_counters(self) -> dict[str, int]:
        return self._gatherer.connection.counters.to_dict()

    async def gather(self, setup: str) -> LocalTransport:
        """Bind the sockets and say where we are. `setup`: what our description says of the DTLS role (offers: actpass).

        Who offers (`actpass`) is the controlling side (RFC 8445, section 6.1.1), and it has to be so before its offer
        is out: the answerer's first checks overtake its answer.
        """
        set_controlling(self._gatherer.connection, setup == "actpass")
        await self._gatherer.gather()
        parameters = self._gatherer.getLocalParameters()
        return LocalTransport(
            username=str(parameters.usernameFragment),
            password=str(parameters.password),
            fingerprint=self.local_fingerprint,
            setup=setup,
            candidates=self._gatherer.described(),
        )

    def start(self, remote: RemoteTransport) -> None:
        """Connect in the background; the watch hears of the outcome."""
        self.remote = remote
        self._gatherer.connection.on_route = self._take_route
        is_server = remote.setup != "passive"
        self._dtls = make_dtls(self._ice, self._certificate, is_server)
        self._running = asyncio.create_task(self._run(remote, self._dtls))

    def send_media(self, packet: bytes) -> None:
        """Protect and send an RTP packet. Silently does nothing before connection and after the end."""
        if self._sendto is not None and self._protect is not None:
            try:
                self._sendto(self._protect(packet), self._address)
            except SEND_ERRORS:  # this receiver's trouble must not reach the sender whose packet it is
                self.counters.send_failed += 1

    def send_control(self, packet: bytes) -> None:
        """Protect and send an RTCP packet."""
        if self._sendto is not None and self._protect_rtcp is not None:
            try:
                self._sendto(self._protect_rtcp(packet), self._address)
            except SEND_ERRORS:
                self.counters.send_failed += 1

    def heard_us(self) -> int:
        """When the other end last gave an authenticated sign of life."""
        checks = self._gatherer.connection.checks
        if checks != self._checks_seen:
            self._checks_seen = checks
            self.last_heard_us = self.clock.now_us()
        return self.last_heard_us

    def tell_faults(self, now_us: int, *, last: bool = False) -> None:
        """About every second: one line of codes where something grew, rarely enough for any flood."""
        codes = self._faults.find_due(now_us, last=last)
        if codes is not None:
            identity = self.identity
            logger.warning(
                "peer %s (%s) of %s in %s: %s",
                *(identity.peer_id, identity.direction, identity.participant_id, identity.session_id, codes),
            )

    def lose(self, cause: LostCause) -> None:
        """Tell the watch, once."""
        if not self.closed:
            self.closed = True
            self.connected = False
            self._watch.on_lost(self, cause)

    async def aclose(self) -> None:
        """Say goodbye by DTLS where possible and close the sockets. Idempotent."""
        self.closed = True
        self.connected = False
        self._gatherer.connection.media_sink = None
        self._sendto = None
        self.tell_faults(self.clock.now_us(), last=True)
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        if self._dtls is not None:
            await self._dtls.stop()
        await self._ice.stop()
        await self._gatherer.connection.close()

    @abstractmethod
    def take_datagram(self, data: bytes) -> None:
        """Hot path: one SRTP or SRTCP datagram from a proven address. May raise; the socket's guard counts it."""

    @abstractmethod
    def stats(self) -> dict[str, Any]:
        """Counters for `session_stats`."""

    @abstractmethod
    def on_connected(self) -> None:
        """Media may be sent from now on."""

    async def _run(self, remote: RemoteTransport, dtls: RTCDtlsTransport) -> None:
        try:
            if not await self._connect_ice(remote):
                self.lose("ice_failed")
            elif not await self._connect_dtls(remote, dtls):
                self.lose("dtls_failed")
            else:
                self._open(dtls)
        except asyncio.CancelledError:
            raise
        except Exception:  # ICE and DTLS raise what they like; the peer is lost, the room goes on
            logger.exception("peer %s failed", self.identity.peer_id)
            self.lose("error")

    async def _connect_ice(self, remote: RemoteTransport) -> bool:
        try:
            async with asyncio.timeout(self._config.ice_deadline_s):
                await self._ice.start(RTCIceParameters(remote.username, remote.password))
        except TimeoutError:
            return False
        return self._ice.state == "completed"

    async def _connect_dtls(self, remote: RemoteTransport, dtls: RTCDtlsTransport) -> bool:
        try:
            async with asyncio.timeout(self._config.dtls_deadline_s):
                await dtls.start(RTCDtlsParameters(fingerprints=list(remote.fingerprints)))
        except TimeoutError:
            return False
        return dtls.state == "connected"

    def _open(self, dtls: RTCDtlsTransport) -> None:
        self._unprotect, self._unprotect_rtcp, self._protect, self._protect_rtcp = srtp_transforms(dtls)
        dtls.on("statechange", lambda: self._dtls_changed(dtls))
        self.connected = True
        self.last_heard_us = self.clock.now_us()
        self.on_connected()
        self._gatherer.connection.media_sink = self.take_datagram
        self._watch.on_connected(self)

    def note_control_ssrc(self, compound: bytes) -> None:
        """Whoever speaks RTCP is one of a few, too."""
        ssrc = int.from_bytes(compound[4:8], "big")
        if ssrc not in self._control_ssrcs:
            if len(self._control_ssrcs) < MAX_CONTROL_SSRCS:
                self._control_ssrcs.add(ssrc)
            else:
                self.refuse_ssrc(ssrc)

    def refuse_ssrc(self, ssrc: int) -> None:
        """Of an authenticated packet. SRTP keeps state for every such SSRC: who brings ever new ones is closed."""
        self._refused_ssrcs.add(ssrc)
        if len(self._refused_ssrcs) > MAX_REFUSED_SSRCS:
            self.counters.ssrc_limit += 1
            self._flooding()

    def _flooding(self) -> None:
        if not self.closed:
            identity = self.identity
            logger.warning("peer_flooding: peer %s of %s is closed", identity.peer_id, identity.participant_id)
            self.lose("flooding")

    def _dtls_changed(self, dtls: RTCDtlsTransport) -> None:
        if dtls.state in ("closed", "failed"):
            self.lose("closed")

    def _take_route(self, sendto: SendTo, address: Address) -> None:
        self._sendto, self._address = sendto, address
