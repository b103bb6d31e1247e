"""A call over IPv6: addresses come as four values there, and prove themselves all the same."""

from __future__ import annotations

import asyncio
import socket

import pytest

from media.bench.material import Material
from media.bench.peers import LoadSender
from media.config import RelayConfig
from media.peer import PeerIdentity
from tests.fuzz.waiting import until
from tests.media.relay.conftest import RunningRelay, relay

__all__ = ["relay"]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this machine"),
]


@pytest.fixture
def relay_config() -> RelayConfig:
    return RelayConfig(listen=("::1",))


class Sender6(LoadSender):
    def __init__(self, identity: PeerIdentity, material: Material) -> None:
        super().__init__(identity, material)
        self._gatherer.connection._config = RelayConfig(listen=("::1",))


async def test_media_flows_over_ipv6(relay: RunningRelay) -> None:
    await relay.port.open_session("six", str(relay.directory))
    sender = Sender6(
        PeerIdentity("six", "up", "phone", "applicant", "up"), Material([[b"\x10" + bytes(100)]], [b"\xf8" * 20])
    )
    try:
        await sender.publish(relay.port)
        await asyncio.wait_for(sender.is_connected.wait(), 10)
        sender.play()

        async def flows() -> bool:
            return any(track["packets"] for track in (await relay.stats("six"))["peers"]["up"]["tracks"])

        await until(flows)
        assert "stranger" not in (await relay.stats("six"))["peers"]["up"]["guard"]
    finally:
        await sender.aclose()
