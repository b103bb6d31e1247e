"""A router that forgets its translation gives a viewer another address in mid call: the relay follows by itself."""

from __future__ import annotations

import pytest
from aiortc import RTCSessionDescription

from media.events import PeerConnected
from tests.media.relay.aiortc_peers import Receiver, Sender
from tests.media.relay.conftest import RunningRelay
from tests.media.relay.lossy_path import LossyPath

SESSION = "session-1"
VIDEO = "0"

pytestmark = pytest.mark.integration


async def test_a_viewer_whose_address_changes_is_served_at_the_new_one_without_a_word(relay: RunningRelay) -> None:
    path = LossyPath(loss=0.0, delay_s=0.0, seed=1)
    sender, receiver = Sender(audio=False), Receiver()
    await relay.port.open_session(SESSION, str(relay.directory))
    try:
        offer = await relay.port.add_down_peer(SESSION, "down", "inspector", "inspector")
        described = await path.through(offer["sdp"])
        await receiver.pc.setRemoteDescription(RTCSessionDescription(described, "offer"))
        await receiver.pc.setLocalDescription(await receiver.pc.createAnswer())
        await relay.port.accept_answer(SESSION, "down", receiver.pc.localDescription.sdp)
        await sender.publish(relay.port, SESSION, "up")
        await receiver.wait_frames(VIDEO, 5)
        path.rebind()
        await receiver.wait_packets(30, deadline_s=15)
        connected = [fact for fact in relay.facts.seen if isinstance(fact, PeerConnected)]
        assert len(connected) == 2, "nobody connected anew"
    finally:
        path.aclose()
        await sender.aclose()
        await receiver.aclose()
