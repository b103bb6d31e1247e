"""The relay's receive path in this process, behind the guard but without SRTP: deep, and fast enough for millions."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable

from media.aiortc_private import GuardedProtocol
from media.config import RelayConfig
from media.down_peer import DownPeer
from media.peer import Peer, PeerIdentity, PeerWatch
from media.relay_clock import RelayClock
from media.room_wiring import unwire_receiver, unwire_sender, wire
from media.sdp import DownAnswer, DownAnswerSection, parse_up_offer
from media.up_peer import UpPeer
from tests.fuzz.corpus import AUDIO_TYPE, VIDEO_TYPE, Corpus
from tests.fuzz.mutate import Mutator
from tests.fuzz.parsers import Target

PEER, STRANGER = ("192.0.2.1", 4000), ("192.0.2.99", 5000)
NOBODY = PeerWatch(lambda _: None, lambda _peer, _cause: None)
#: Each case is 3 ms later than the last: within what a peer may send.
STEP_NS = 3_000_000


class InnerRelay:
    """An up peer wired to a down peer. `handler_failed` over all peers has to stay 0."""

    def __init__(self, corpus: Corpus, chance: random.Random) -> None:
        self._corpus = corpus
        self._chance = chance
        self._mutator = Mutator(chance)
        self._now_ns = 10**12
        self._clock = RelayClock(lambda: self._now_ns, lambda: self._now_ns + 10**18)
        self._cases = 0
        self.last: bytes | str = b""
        self.handler_failed = 0
        self.rebuilt = -1
        self._build()

    def targets(self) -> list[Target]:
        return [
            Target("packets of a sender", True, 40, self._from(self._sender_packet, PEER, lambda: self._up)),
            Target("feedback of a receiver", True, 25, self._from(self._rtcp_packet, PEER, lambda: self._down)),
            Target("checks of a peer", True, 4, self._from(self._check, PEER, lambda: self._up)),
            Target("whatever strangers send", False, 154, self._from(self._noise, STRANGER, lambda: self._up)),
        ]

    def close(self) -> None:
        self._count()

    def _build(self) -> None:
        self.rebuilt += 1
        offer = parse_up_offer(_offer())
        config = RelayConfig()
        self._up = UpPeer(PeerIdentity("s", "up", "a", "applicant", "up"), config, self._clock, NOBODY, offer)
        self._down = DownPeer(PeerIdentity("s", "down", "b", "inspector", "down"), config, self._clock, NOBODY)
        taken = {slot.section.mid: _taken(slot.section.mid) for slot in self._down.slots}
        self._down.accept(DownAnswer(offer.remote, taken))
        for peer in (self._up, self._down):
            _open(peer)
        wire(self._up, self._down, self._clock.now_us())

    def _count(self) -> None:
        for peer in (self._up, self._down):
            self.handler_failed += peer.counters.handler_failed

    def _from(
        self, make: Callable[[], bytes], address: tuple[str, int], peer: Callable[[], Peer]
    ) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            self.last = make()
            self._feed(peer(), self.last, address)

        return run

    def _feed(self, peer: Peer, data: bytes, address: tuple[str, int]) -> None:
        failed = peer.counters.handler_failed
        _protocol(peer).datagram_received(data, address)
        if peer.counters.handler_failed != failed:
            raise AssertionError("a datagram made its handler fail")
        self._pass_time()

    def _pass_time(self) -> None:
        self._now_ns += STEP_NS
        self._cases += 1
        now_us = self._clock.now_us()
        if self._cases % 8 == 0:
            self._up.tick(now_us)
        if self._cases % 16 == 0:
            self._up.send_transport_feedback()
        if self._cases % 300 == 0:
            self._up.send_reports(now_us)
            self._down.send_reports(self._clock.wall_us())
            for peer in (self._up, self._down):
                peer.tell_faults(now_us)
        if self._up.closed or self._down.closed:
            self._renew()

    def _renew(self) -> None:
        self._count()
        unwire_receiver(self._down, self._clock.now_us())
        unwire_sender(self._up, [self._down], self._clock.now_us())
        self._build()

    def _sender_packet(self) -> bytes:
        """Half with the header left as it is, so that the case gets far."""
        if self._chance.random() < 0.15:
            return self._rtcp_packet()
        packet = bytearray(self._mutator.mutate(self._corpus.rtp, keep=self._chance.choice((0, 2, 12, 12))))
        if len(packet) >= 12 and self._chance.random() < 0.8:  # about in order, mostly of a known source
            packet[2:4] = ((self._cases + self._chance.choice((0, 0, 0, 1, 600, -3))) & 0xFFFF).to_bytes(2, "big")
            packet[8:12] = self._chance.choice(self._ssrcs())
        return bytes(packet)

    def _rtcp_packet(self) -> bytes:
        packet = bytearray(self._mutator.mutate(self._corpus.rtcp, keep=self._chance.choice((0, 2, 4, 8))))
        if len(packet) >= 12 and self._chance.random() < 0.8:
            packet[4:8] = (1).to_bytes(4, "big")
            packet[8:12] = self._chance.choice(self._ssrcs())
        return bytes(packet)

    def _ssrcs(self) -> list[bytes]:
        slots = [slot.section.ssrc for slot in self._down.slots]
        tracks = [track.ssrc for track in self._up.tracks]
        return [ssrc.to_bytes(4, "big") for ssrc in [*slots, *tracks]]

    def _check(self) -> bytes:
        """With our user name in front, so that it is read; never signed as it should be."""
        prefix = self._up._gatherer.connection.username_prefix
        message = bytearray(self._mutator.mutate(self._corpus.stun))
        message[24 : 24 + len(prefix)] = prefix
        if self._chance.random() < 0.8:
            message[:2] = b"\x00\x01"
            message[2:4] = max(0, len(message) - 20).to_bytes(2, "big")
        return bytes(message)

    def _noise(self) -> bytes:
        kind = self._chance.randrange(6)
        if kind == 0:
            return self._chance.randbytes(self._chance.choice((0, 1, 2, 11, 12, 19, 20, 100, 1400)))
        if kind == 1:
            return self._check()
        corpus = self._corpus
        return self._mutator.mutate((corpus.rtp, corpus.rtcp, corpus.stun, corpus.dtls)[kind - 2])


def _open(peer: Peer) -> None:
    """As after a handshake, with transforms that leave the packet as it is."""
    peer._protect = peer._protect_rtcp = peer._unprotect = peer._unprotect_rtcp = bytes
    peer._sendto = lambda data, address: None
    peer.connected = True
    connection = peer._gatherer.connection
    connection.media_sink = peer.take_datagram
    connection.proven.add(PEER)
    protocol = GuardedProtocol(connection)
    protocol.transport = _NoTransport()  # type: ignore[assignment]
    connection._protocols.append(protocol)


def _protocol(peer: Peer) -> GuardedProtocol:
    found = peer._gatherer.connection._protocols[0]
    while not peer._gatherer.connection._queue.empty():  # what DTLS would have read
        peer._gatherer.connection._queue.get_nowait()
    assert isinstance(found, GuardedProtocol)
    found.local_candidate = _Candidate()  # type: ignore[assignment]
    return found


class _NoTransport:
    def sendto(self, data: bytes, address: object) -> None:
        """Answers to checks go nowhere."""


class _Candidate:
    component = 1


def _taken(mid: str) -> DownAnswerSection:
    return DownAnswerSection(mid, {"VP8": True, "H264": True, "opus": False}, True)


def _offer() -> str:
    lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=-", "t=0 0", "a=group:BUNDLE 0 1"]
    for mid, kind, types in (("0", "video", f"{VIDEO_TYPE} 97 98"), ("1", "audio", f"{AUDIO_TYPE}")):
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {types}",
            "c=IN IP4 0.0.0.0",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:" + "x" * 24,
            "a=fingerprint:sha-256 " + ":".join(["AA"] * 32),
            "a=setup:actpass",
            f"a=mid:{mid}",
            "a=sendonly",
            "a=rtcp-mux",
            "a=extmap:4 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        ]
        if kind == "video":
            lines += [
                "a=rtpmap:96 VP8/90000",
                "a=rtcp-fb:96 transport-cc",
                "a=rtcp-fb:96 nack",
                "a=rtcp-fb:96 nack pli",
            ]
            lines += ["a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96", "a=rtpmap:98 H264/90000"]
            lines += ["a=fmtp:98 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"]
            lines += ["a=rtcp-fb:98 transport-cc", "a=rtcp-fb:98 nack", f"a=ssrc:{0x1111} cname:x"]
        else:
            lines += ["a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc", f"a=ssrc:{0x3333} cname:x"]
    return "\r\n".join(lines) + "\r\n"


def quiet() -> None:
    """The faults are what is made here: their lines are not news."""
    logging.getLogger("media").setLevel(logging.ERROR)
