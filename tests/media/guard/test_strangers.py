"""Datagrams from strangers at the sockets of a live call and of a handshake."""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
from collections.abc import AsyncIterator

import pytest

from media.config import RelayConfig
from media.events import PeerConnected, PeerLost
from tests.media.relay.aiortc_peers import Receiver, Sender
from tests.media.relay.conftest import RunningRelay, relay, relay_config

__all__ = ["relay", "relay_config"]
pytestmark = pytest.mark.integration

SESSION = "session-1"
DTLS_ALERT = bytes.fromhex("15fefd00000000000000000002022f")  # fatal, handshake failure
CLOSE_NOTIFY = bytes.fromhex("15fefd000000000000000000020100")
CLIENT_HELLO = bytes.fromhex("16fefd0000000000000000003a010000")
STUN_REQUEST = bytes.fromhex("000100002112a442") + b"stranger-id0"


def candidates(sdp: str) -> list[tuple[str, int]]:
    return [(host, int(port)) for host, port in re.findall(r"a=candidate:\S+ 1 udp \d+ ([0-9.]+) (\d+)", sdp)]


def noise(seed: int) -> list[bytes]:
    chance = random.Random(seed)
    rtp = bytes([0x80, 96]) + chance.randbytes(60)
    rtcp = bytes([0x80, 201]) + chance.randbytes(30)
    garbage = [chance.randbytes(chance.randrange(1, 1400)) for _ in range(40)]
    stun = [STUN_REQUEST, STUN_REQUEST[:-4], bytes.fromhex("0101fff02112a442") + chance.randbytes(12)]
    return [b"", b"\x80", b"\x16", DTLS_ALERT, CLOSE_NOTIFY, CLIENT_HELLO, rtp, rtcp, *stun, *garbage]


class Stranger:
    """Sends noise to the given addresses until it is closed."""

    def __init__(self, targets: list[tuple[str, int]], seed: int = 1) -> None:
        self.sent = 0
        self._targets = targets
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._packets = noise(seed)
        self._task: asyncio.Task[None] | None = None

    def once(self) -> None:
        for target in self._targets:
            for packet in self._packets:
                self._send(packet, target)

    def keep_on(self, packets: list[bytes]) -> None:
        self._task = asyncio.create_task(self._keep_on(packets))

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()

    async def _keep_on(self, packets: list[bytes]) -> None:
        while True:
            for target in self._targets:
                for packet in packets:
                    self._send(packet, target)
            await asyncio.sleep(0.003)

    def _send(self, packet: bytes, target: tuple[str, int]) -> None:
        try:
            self._socket.sendto(packet, target)
            self.sent += 1
        except OSError:
            pass  # an address of another interface that this socket cannot reach


@pytest.fixture
async def call(relay: RunningRelay) -> AsyncIterator[tuple[Sender, Receiver]]:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, receiver = Sender(), Receiver()
    try:
        await receiver.subscribe(relay.port, SESSION, "down")
        await sender.publish(relay.port, SESSION, "up")
        await receiver.wait_frames("0", 3)
        yield sender, receiver
    finally:
        await sender.aclose()
        await receiver.aclose()


async def test_noise_of_strangers_does_not_disturb_a_call(relay: RunningRelay, call: tuple[Sender, Receiver]) -> None:
    sender, receiver = call
    targets = candidates(sender.pc.remoteDescription.sdp) + candidates(receiver.pc.remoteDescription.sdp)
    stranger = Stranger(targets)
    try:
        for _ in range(20):
            stranger.once()
            await receiver.wait_frames("0", 1)
        await receiver.wait_frames("1", 20)
    finally:
        await stranger.aclose()
    assert not [event for event in relay.facts.seen if isinstance(event, PeerLost)]
    guard = (await relay.stats(SESSION))["peers"]["up"]["guard"]
    assert guard["empty"] >= 20 and guard["stranger"] > 20
    assert "handler_failed" not in guard


async def test_one_empty_datagram_does_not_close_a_call(relay: RunningRelay, call: tuple[Sender, Receiver]) -> None:
    sender, receiver = call
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for target in candidates(sender.pc.remoteDescription.sdp):
        stranger.sendto(b"", target)
    stranger.close()
    await receiver.wait_frames("0", 10)
    assert not [event for event in relay.facts.seen if isinstance(event, PeerLost)]


@pytest.mark.parametrize("round_", range(5))
async def test_alerts_of_strangers_do_not_prevent_a_handshake(relay: RunningRelay, round_: int) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender = Sender(video=False)
    await sender.pc.setLocalDescription(await sender.pc.createOffer())
    answer = await relay.port.add_up_peer(SESSION, "up", "up", "applicant", sender.pc.localDescription.sdp)
    stranger = Stranger(candidates(answer["sdp"]), seed=round_)
    stranger.keep_on([DTLS_ALERT, CLOSE_NOTIFY, CLIENT_HELLO, b""])
    try:
        await sender.pc.setRemoteDescription(type(sender.pc.localDescription)(answer["sdp"], "answer"))
        await relay.facts.find(PeerConnected)
        assert stranger.sent > 4
    finally:
        await stranger.aclose()
        await sender.aclose()


async def test_sockets_are_bound_inside_the_configured_range(
    relay: RunningRelay, relay_config: RelayConfig, call: tuple[Sender, Receiver]
) -> None:
    sender, _ = call
    found = candidates(sender.pc.remoteDescription.sdp)
    assert relay_config.udp_ports is not None
    first, last = relay_config.udp_ports
    assert found and all(first <= port <= last for _, port in found)
    assert "127.0.0.1" in [host for host, _ in found]


@pytest.mark.parametrize("length", [0, 1, 2, 11, 12, 19, 20, 64])
async def test_a_peer_that_sends_rubbish_only_harms_itself(
    relay: RunningRelay, call: tuple[Sender, Receiver], length: int
) -> None:
    """Datagrams from the proven address itself, through the sender's own socket."""
    sender, receiver = call
    connection = sender.pc.getTransceivers()[0].sender.transport.transport._connection
    pair = connection._nominated[1]
    for first in (0x80, 0x90, 0xBF, 0x14, 0x16, 0x3F):
        pair.protocol.transport.sendto((bytes([first]) + os.urandom(64))[:length], pair.remote_addr)
    await receiver.wait_frames("0", 3)
    assert not [event for event in relay.facts.seen if isinstance(event, PeerLost)]
