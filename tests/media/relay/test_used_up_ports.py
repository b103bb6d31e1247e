"""A relay whose port range is used up: who comes is refused by a code, who is there stays, and ports come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from media.config import RelayConfig
from media.errors import Kind, MediaError
from tests.media.relay.conftest import RunningRelay

pytestmark = pytest.mark.integration

PORTS = 3


@pytest.fixture
def relay_config() -> RelayConfig:
    return RelayConfig(listen=(), loopback=True, udp_ports=(42660, 42660 + PORTS - 1))


async def test_beyond_the_range_a_peer_is_refused_and_a_closed_one_gives_its_port_back(
    relay: RunningRelay, tmp_path: Path
) -> None:
    await relay.port.open_session("s", str(tmp_path / "s"))
    for number in range(PORTS):
        await relay.port.add_down_peer("s", f"p{number}", f"person{number}", "inspector")
    with pytest.raises(MediaError) as refused:
        await relay.port.add_down_peer("s", "one-more", "one-more", "inspector")
    assert (refused.value.kind, refused.value.code) == (Kind.UNAVAILABLE, "udp_ports_used_up")
    assert set((await relay.stats("s"))["peers"]) == {f"p{number}" for number in range(PORTS)}
    await relay.port.close_session("s")
    await relay.port.open_session("t", str(tmp_path / "t"))
    for round_number in range(5):
        for number in range(PORTS):
            await relay.port.add_down_peer("t", f"{round_number}.{number}", f"person{number}", "inspector")
        await relay.port.close_session("t")
        await relay.port.open_session("t", str(tmp_path / f"t{round_number}"))
