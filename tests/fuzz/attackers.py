"""Those who send the cases over real sockets: participants of a session with real SRTP, and strangers."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable

from aioice import stun

from media.errors import MediaError
from media.peer import Peer, PeerIdentity
from tests.fuzz.corpus import AUDIO_TYPE, RTX_TYPE, VIDEO_TYPE, Corpus
from tests.fuzz.live import CONNECT_DEADLINE_S, SHARED, LiveCalls, Receiver, Sender, Target
from tests.fuzz.mutate import Mutator

STEP_S = 0.01
STRANGE_SOCKETS = 8


class Attacker:
    """A participant of the shared session with one connection, renewed when it was closed.

    What it sends was plain and wrong before it was protected, so that it is let in; some is raw.
    """

    def __init__(self, live: LiveCalls, corpus: Corpus, chance: random.Random, direction: str, per_s: int) -> None:
        self.sent = 0
        self.own_closes = 0
        self._live = live
        self._corpus = corpus
        self._chance = chance
        self._mutator = Mutator(chance)
        self._direction = direction
        self._per_s = per_s
        self._peer: Peer | None = None
        self._sequence = 0
        self._number = 0
        self._key = b""
        self._username = b""
        self._ssrcs: list[int] = []

    async def connect(self) -> None:
        self._number += 1
        name = f"attacker-{self._direction}-{self._number}"
        identity = PeerIdentity(SHARED, name, name, "inspector", "up" if self._direction == "up" else "down")
        peer: Sender | Receiver
        if self._direction == "up":
            peer = Sender(identity, self._live.material)
            await peer.publish(self._live.port)
            self._ssrcs = [peer._video_ssrc, peer._audio_ssrc]
        else:
            subscribed = await Receiver.subscribe(identity, self._live.port)
            assert isinstance(subscribed, Receiver)
            peer = subscribed
            self._ssrcs = [ssrc for section in peer._offer.taken for ssrc in section.ssrcs]
        self._peer = peer
        connection = peer._gatherer.connection
        self._key = str(connection.remote_password).encode()
        self._username = f"{connection.remote_username}:{connection.local_username}".encode()
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            await peer.is_connected.wait()

    async def send(self, cases: int) -> None:
        """At the attacker's rate, until so many went out."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, cases, step := max(1, int(self._per_s * STEP_S))):
            if self._is_closed():
                self.own_closes += 1
                await self._renew()
            for _ in range(min(step, cases - at)):
                self._send_one()
            due = max(due + STEP_S, loop.time() - 0.2)
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def aclose(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.aclose()

    def _is_closed(self) -> bool:
        """Closed here, or there: the relay says so by a DTLS alert or not at all."""
        peer = self._peer
        lost = {getattr(fact, "peer_id", "") for fact in self._live.facts if type(fact).__name__ == "PeerLost"}
        return peer is None or peer.closed or peer.identity.peer_id in lost

    async def _renew(self) -> None:
        await self.aclose()
        try:
            await self.connect()
        except (MediaError, TimeoutError):
            await asyncio.sleep(0.1)

    def _send_one(self) -> None:
        peer = self._peer
        if peer is None:
            return
        self.sent += 1
        draw = self._chance.random()
        if draw < (0.7 if self._direction == "up" else 0.2):
            peer.send_media(self._rtp())
        elif draw < (0.85 if self._direction == "up" else 0.5):
            peer.send_control(self._rtcp())
        elif draw < 0.92:
            self._send_raw(peer, self._check())
        else:
            kinds = (self._corpus.dtls, self._corpus.rtp, self._corpus.rtcp, self._corpus.stun)
            self._send_raw(peer, self._mutator.mutate(self._chance.choice(kinds)))

    def _send_raw(self, peer: Peer, data: bytes) -> None:
        if peer._sendto is not None:
            peer._sendto(data, peer._address)

    def _rtp(self) -> bytes:
        """SRTP lets nothing through whose header lies about its length: such cases are the in-process run's."""
        packet = bytearray(self._mutator.mutate(self._corpus.rtp, keep=12))
        self._sequence += self._chance.choice((1, 1, 1, 1, 1, 2, 3, 700))
        packet[0] = self._chance.choice((0x80, 0x90, 0x90, 0xA0, 0xB0, 0x81))
        packet[1] = self._chance.choice((VIDEO_TYPE, VIDEO_TYPE, AUDIO_TYPE, RTX_TYPE, 98, 13, 127)) | packet[1] & 0x80
        packet[2:4] = (self._sequence & 0xFFFF).to_bytes(2, "big")
        ssrc = self._chance.choice(self._ssrcs) if self._chance.random() < 0.995 else self._chance.randrange(1 << 32)
        packet[8:12] = ssrc.to_bytes(4, "big")
        return bytes(packet)

    def _rtcp(self) -> bytes:
        packet = bytearray(self._mutator.mutate(self._corpus.rtcp, keep=self._chance.choice((2, 4, 8))))
        packet[4:8] = (1 if self._chance.random() < 0.99 else self._chance.randrange(1 << 32)).to_bytes(4, "big")
        if len(packet) >= 12 and self._chance.random() < 0.8:
            packet[8:12] = self._chance.choice(self._ssrcs).to_bytes(4, "big")
        return bytes(packet)

    def _check(self) -> bytes:
        """A check with our real user name and, mostly, a real signature over what is wrong in it."""
        attributes = bytearray(_attribute(6, self._username))
        for _ in range(self._chance.randrange(4)):
            kind = self._chance.choice((0x24, 0x25, 0x20, 0x8029, 0x802A, 9, 1, 0x8022, 0x7777))
            attributes += _attribute(kind, self._chance.randbytes(self._chance.choice((0, 1, 4, 8, 20))))
        head = struct.pack("!HHI", 1, len(attributes), stun.COOKIE) + self._chance.randbytes(12)
        message = head + bytes(attributes)
        if self._chance.random() < 0.8:
            signature = stun.message_integrity(message, self._key)
            message += _attribute(8, signature)
        else:
            message += self._chance.randbytes(self._chance.choice((0, 1, 4, 24)))
        return message[:2] + (len(message) - 20).to_bytes(2, "big") + message[4:]


class Strangers:
    """Sockets that belong to nobody. `make` gives each datagram; `targets` are the sockets of others' calls."""

    def __init__(self, targets: list[Target], make: Callable[[], bytes]) -> None:
        self.sent = 0
        self._targets = targets
        self._make = make
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(STRANGE_SOCKETS)]
        for one in self._sockets:
            one.setblocking(False)

    async def send(self, cases: int, per_s: int) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, cases, step := max(1, int(per_s * STEP_S))):
            for index in range(min(step, cases - at)):
                self._send_one(at + index)
            due = max(due + STEP_S, loop.time() - 0.2)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def close(self) -> None:
        for one in self._sockets:
            one.close()

    def _send_one(self, index: int) -> None:
        try:
            self._sockets[index % STRANGE_SOCKETS].sendto(self._make(), self._targets[index % len(self._targets)])
        except BlockingIOError:
            return
        self.sent += 1


class Noise:
    """What strangers send: nothing, garbage, and all that looks like something."""

    def __init__(self, corpus: Corpus, chance: random.Random, usernames: list[bytes]) -> None:
        self._corpus = corpus
        self._chance = chance
        self._mutator = Mutator(chance)
        self._usernames = usernames

    def datagram(self) -> bytes:
        chance, corpus = self._chance, self._corpus
        kind = chance.randrange(8)
        if kind == 0:
            return b""
        if kind == 1:
            return chance.randbytes(chance.choice((1, 2, 11, 12, 19, 20, 100, 1400)))
        if kind == 2 and self._usernames:
            return self._named_check()
        if kind == 3:
            return bytes([0x80, VIDEO_TYPE]) + chance.randbytes(chance.choice((10, 60, 1100)))
        families = (corpus.rtp, corpus.rtcp, corpus.stun, corpus.dtls)
        return self._mutator.mutate(families[kind % 4])

    def _named_check(self) -> bytes:
        """Whoever overheard a user name: the check is read, and its signature is wrong."""
        attributes = _attribute(6, self._chance.choice(self._usernames)) + _attribute(0x24, bytes(4))
        attributes += _attribute(8, self._chance.randbytes(20))
        return struct.pack("!HHI", 1, len(attributes), stun.COOKIE) + self._chance.randbytes(12) + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
