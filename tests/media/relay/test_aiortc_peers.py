"""Real aiortc peers on both sides of a real relay process."""

from __future__ import annotations

import os
import signal

import pytest

from media.errors import MediaError
from media.events import GapDetected, PeerConnected, PeerLost, RelayRestarted
from tests.media.relay.aiortc_peers import Receiver, Sender
from tests.media.relay.conftest import RunningRelay

pytestmark = pytest.mark.integration

SESSION = "session-1"
VIDEO, VOICE, FIRST_OTHER_VOICE = "0", "1", "2"


async def test_an_inspector_sees_and_hears_the_applicant(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, receiver = Sender(), Receiver()
    try:
        await receiver.subscribe(relay.port, SESSION, "down")
        await sender.publish(relay.port, SESSION, "up")
        await receiver.wait_frames(VIDEO, 10)
        await receiver.wait_frames(VOICE, 50)
        assert 2000 < receiver.peaks[VOICE] < 5000
        fact = await relay.facts.find(PeerConnected, lambda event: event.direction == "up")
        assert fact.remote_fingerprint.split()[1] in sender.pc.localDescription.sdp
        assert fact.local_fingerprint.split()[1] in sender.pc.remoteDescription.sdp
    finally:
        await sender.aclose()
        await receiver.aclose()


async def test_the_applicant_hears_an_inspector_and_nobody_hears_themself(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    inspector, applicant, mirror = Sender(video=False), Receiver(), Receiver()
    try:
        await applicant.subscribe(relay.port, SESSION, "applicant-down", "applicant")
        await mirror.subscribe(relay.port, SESSION, "inspector-down", "inspector", "inspector")
        await inspector.publish(relay.port, SESSION, "inspector-up", "inspector", "inspector")
        await applicant.wait_frames("0", 20)
        stats = await relay.stats(SESSION)
        assert [slot["packets"] for slot in stats["peers"]["inspector-down"]["slots"]] == [0, 0, 0, 0, 0]
    finally:
        for peer in (inspector, applicant, mirror):
            await peer.aclose()


async def test_a_slot_goes_on_when_the_applicant_comes_back(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    first, second, receiver = Sender(), Sender(), Receiver()
    try:
        await receiver.subscribe(relay.port, SESSION, "down")
        await first.publish(relay.port, SESSION, "up-1", participant_id="applicant")
        await receiver.wait_frames(VIDEO, 5)
        await first.aclose()
        lost = await relay.facts.find(PeerLost)
        assert (lost.peer_id, lost.cause) == ("up-1", "closed")
        await second.publish(relay.port, SESSION, "up-2", participant_id="applicant")
        await receiver.wait_frames(VIDEO, 10)
        gap = await relay.facts.find(GapDetected, lambda event: event.cause == "reconnect")
        assert gap.participant_id == "applicant" and gap.ended_us > gap.started_us
    finally:
        for peer in (first, second, receiver):
            await peer.aclose()


async def test_a_killed_relay_is_started_anew_and_says_so(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    killed = relay.supervisor.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    await relay.facts.find(RelayRestarted)
    assert relay.supervisor.pid not in (None, killed)
    with pytest.raises(MediaError) as refused:
        await relay.port.set_recording(SESSION, True)
    assert refused.value.code == "session_unknown"
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, receiver = Sender(), Receiver()
    try:
        await receiver.subscribe(relay.port, SESSION, "down")
        await sender.publish(relay.port, SESSION, "up")
        await receiver.wait_frames(VIDEO, 5)
    finally:
        await sender.aclose()
        await receiver.aclose()


async def test_a_sender_that_is_silent_for_four_seconds_goes_on_over_the_same_connection(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, receiver = Sender(), Receiver()
    try:
        await receiver.subscribe(relay.port, SESSION, "down")
        await sender.publish(relay.port, SESSION, "up")
        await receiver.wait_frames(VIDEO, 5)
        transports = {t.sender.transport for t in sender.pc.getTransceivers()}
        sending = {transport: transport._send_rtp for transport in transports}
        for transport in transports:
            transport._send_rtp = _send_nothing
        with pytest.raises(TimeoutError):
            await relay.facts.find(PeerLost, deadline_s=4)
        for transport in transports:
            transport._send_rtp = sending[transport]
        gap = await relay.facts.find(GapDetected, deadline_s=3)
        assert gap.cause == "silent" and 3.5e6 < gap.ended_us - gap.started_us < 6e6
        await receiver.wait_packets(30)
        assert [fact for fact in relay.facts.seen if isinstance(fact, PeerLost)] == []
        assert [fact.cause for fact in relay.facts.seen if isinstance(fact, GapDetected)] == ["silent"]
    finally:
        await sender.aclose()
        await receiver.aclose()


async def test_the_silent_sender_is_given_up_after_ten_seconds(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender = Sender()
    try:
        await sender.publish(relay.port, SESSION, "up")
        await relay.facts.find(PeerConnected)
        for transport in {t.sender.transport for t in sender.pc.getTransceivers()}:
            transport._send_rtp = _send_nothing
        lost = await relay.facts.find(PeerLost, deadline_s=13)
        assert lost.cause == "silent"
    finally:
        await sender.aclose()


async def test_a_viewer_that_comes_by_a_second_connection_is_served_on_both_for_two_seconds(
    relay: RunningRelay,
) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, older, newer = Sender(), Receiver(), Receiver()
    try:
        await older.subscribe(relay.port, SESSION, "down-1", participant_id="inspector")
        await sender.publish(relay.port, SESSION, "up", participant_id="applicant")
        await older.wait_frames(VIDEO, 5)
        await newer.subscribe(relay.port, SESSION, "down-2", participant_id="inspector")
        await newer.wait_frames(VIDEO, 3)
        await older.wait_frames(VIDEO, 3)
        lost = await relay.facts.find(PeerLost, deadline_s=5)
        assert (lost.peer_id, lost.cause) == ("down-1", "closed")
        await newer.wait_frames(VIDEO, 3)
    finally:
        for peer in (sender, older, newer):
            await peer.aclose()


async def _send_nothing(data: bytes) -> None:
    """A path that swallows all media."""
