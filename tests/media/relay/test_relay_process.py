"""The relay's process by itself: how it ends, and what a caller gets who asks for nonsense."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media.config import RelayConfig
from media.errors import Kind, MediaError
from media.journal import scan
from media.relay_client import RelayClient
from media.wire import Message, WireClient
from tests.media.relay.aiortc_peers import Sender

pytestmark = pytest.mark.integration

SESSION = "session-1"


class OwnedRelay:
    """A relay process without a supervisor."""

    def __init__(self, process: asyncio.subprocess.Process, client: WireClient) -> None:
        self.process = process
        self.client = client
        self.events: list[Message] = []
        self.recorded = asyncio.Event()

    def take(self, message: Message) -> None:
        self.events.append(message)
        if message["event"] == "SegmentClosed":
            self.recorded.set()

    @property
    def port(self) -> RelayClient:
        return RelayClient(self.client.call)


@pytest.fixture
async def owned() -> AsyncIterator[OwnedRelay]:
    with tempfile.TemporaryDirectory(prefix="ytk") as folder:
        path = Path(folder) / "relay.sock"
        config = RelayConfig(loopback=True, udp_ports=(42500, 42699)).to_json()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media.relay_main", "--socket", str(path), "--config", config
        )
        taken: list[OwnedRelay] = []

        def _take(message: Message) -> None:
            taken[0].take(message)

        relay = OwnedRelay(process, WireClient(_take, lambda: None))
        taken.append(relay)
        async with asyncio.timeout(20):
            while True:
                try:
                    await relay.client.connect(str(path))
                    break
                except OSError:
                    await asyncio.sleep(0.02)
        try:
            yield relay
        finally:
            await relay.client.aclose()
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.mark.parametrize("how", ["main is gone", "SIGTERM"])
async def test_the_relay_closes_its_journals_and_exits(owned: OwnedRelay, tmp_path: Path, how: str) -> None:
    sender = Sender(video=False)
    try:
        await owned.port.open_session(SESSION, str(tmp_path))
        await owned.port.set_recording(SESSION, True)
        await sender.publish(owned.port, SESSION, "up")
        await asyncio.wait_for(owned.recorded.wait(), 20)
        if how == "SIGTERM":
            owned.process.send_signal(signal.SIGTERM)
        else:
            await owned.client.aclose()
        assert await asyncio.wait_for(owned.process.wait(), 10) == 0
    finally:
        await sender.aclose()
    (journal,) = (tmp_path / "journal").iterdir()
    found = scan(journal)
    assert found.torn_bytes == 0 and found.whole_bytes == journal.stat().st_size > 1000


async def test_calls_about_what_is_not_there_are_refused_with_codes(owned: OwnedRelay, tmp_path: Path) -> None:
    port = owned.port
    with pytest.raises(MediaError) as unknown:
        await port.add_down_peer("nowhere", "p", "p", "inspector")
    assert (unknown.value.kind, unknown.value.code) == (Kind.NOT_FOUND, "session_unknown")
    await port.open_session(SESSION, str(tmp_path))
    await port.open_session(SESSION, str(tmp_path))
    with pytest.raises(MediaError) as peer:
        await port.accept_answer(SESSION, "nobody", "v=0")
    assert peer.value.code == "peer_unknown"
    with pytest.raises(MediaError) as sdp:
        await port.add_up_peer(SESSION, "up", "a", "applicant", "v=0\r\n" + "x" * 65_536)
    assert sdp.value.code == "sdp_too_large"
    for index in range(16):
        await port.add_down_peer(SESSION, f"down-{index}", f"p-{index}", "inspector")
    with pytest.raises(MediaError) as many:
        await port.add_down_peer(SESSION, "one-more", "x", "inspector")
    assert many.value.code == "too_many_peers"
    with pytest.raises(MediaError) as call:
        await owned.client.call("aclose", {}, 5)
    assert call.value.kind is Kind.INTERNAL
    await port.close_session(SESSION)
    await port.close_session(SESSION)


async def test_a_participant_has_one_receiving_connection(owned: OwnedRelay, tmp_path: Path) -> None:
    await owned.port.open_session(SESSION, str(tmp_path))
    for index in range(3):
        await owned.port.add_down_peer(SESSION, f"down-{index}", "inspector", "inspector")
    assert list((await owned.port.session_stats(SESSION))["peers"]) == ["down-2"]


def test_settings_travel_as_json() -> None:
    config = RelayConfig(listen=("192.0.2.1",), public_addresses=("198.51.100.1",), udp_ports=(1, 2))
    assert RelayConfig.from_json(config.to_json()) == config
    with pytest.raises(TypeError):
        RelayConfig.from_json(json.dumps({"surprise": 1}))
