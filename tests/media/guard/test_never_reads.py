"""A receiver whose datagrams the kernel does not take: dropped and counted, nothing queued, nobody else waits."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from media.config import RelayConfig
from media.down_peer import DownPeer
from media.peer import PeerIdentity, PeerWatch
from media.relay_clock import RelayClock

pytestmark = pytest.mark.integration

NOBODY = PeerWatch(lambda _: None, lambda _peer, _cause: None)


@pytest.fixture
def full_socket() -> Iterator[socket.socket]:
    """One end of a pair that nobody reads: a real kernel's EAGAIN, which UDP gives only while a device is stuck."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    yield ours
    ours.close()
    theirs.close()


async def test_what_the_kernel_does_not_take_is_dropped_and_counted(full_socket: socket.socket) -> None:
    peer = DownPeer(PeerIdentity("s", "down", "desk", "inspector", "down"), RelayConfig(), RelayClock(), NOBODY)
    peer._protect = peer._protect_rtcp = bytes
    peer._take_route(lambda data, _address: full_socket.send(data), ("192.0.2.1", 9))
    for _ in range(5000):
        peer.send_media(bytes(1200))
        peer.send_control(bytes(60))
    dropped = peer.guard_counters["send_failed"]
    assert 5000 < dropped < 10_000
    assert peer.stats()["guard"]["send_failed"] == dropped


async def test_media_goes_out_by_the_socket_itself_not_by_a_transport_that_queues() -> None:
    peer = DownPeer(
        PeerIdentity("s", "down", "desk", "inspector", "down"),
        RelayConfig(listen=("127.0.0.1",)),
        RelayClock(),
        NOBODY,
    )
    await peer.gather("actpass")
    try:
        (protocol,) = peer._gatherer.connection._protocols
        assert isinstance(protocol.bound, socket.socket)  # type: ignore[attr-defined]
        assert not protocol.bound.getblocking()  # type: ignore[attr-defined]
    finally:
        await peer.aclose()
