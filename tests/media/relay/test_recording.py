"""What the relay writes while recording is on, read back from the files."""

from __future__ import annotations

import hashlib

import pytest

from media.events import SegmentClosed, TrackEnded, TrackStarted
from media.journal import RTP, read_journal
from tests.media.relay.aiortc_peers import Receiver, Sender
from tests.media.relay.conftest import RunningRelay

pytestmark = pytest.mark.integration

SESSION = "session-1"


async def test_both_tracks_are_written_while_recording_is_on_and_every_byte_is_attested(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, receiver = Sender(), Receiver()
    try:
        await receiver.subscribe(relay.port, SESSION, "down")
        await sender.publish(relay.port, SESSION, "up", participant_id="applicant")
        await receiver.wait_frames("0", 5)
        assert not list((relay.directory / "journal").iterdir())
        await relay.port.set_recording(SESSION, True)
        video = await relay.facts.find(TrackStarted, lambda event: event.kind == "video")
        await relay.facts.find(SegmentClosed, lambda event: event.track_id == video.track_id and event.index == 1)
        await relay.port.close_session(SESSION)
    finally:
        await sender.aclose()
        await receiver.aclose()
    ends = [event for event in relay.facts.seen if isinstance(event, TrackEnded)]
    assert len(ends) == 2
    for end in ends:
        _check_track(relay, end)


def _check_track(relay: RunningRelay, end: TrackEnded) -> None:
    started = next(e for e in relay.facts.seen if isinstance(e, TrackStarted) and e.track_id == end.track_id)
    content = (relay.directory / started.journal).read_bytes()
    assert len(content) == end.bytes and hashlib.sha256(content).hexdigest() == end.sha256
    segments = [e for e in relay.facts.seen if isinstance(e, SegmentClosed) and e.track_id == end.track_id]
    assert [segment.index for segment in segments] == list(range(len(segments)))
    offset = 0
    for segment in segments:
        assert segment.offset == offset
        part = content[offset : offset + segment.length]
        assert hashlib.sha256(part).hexdigest() == segment.sha256
        offset += segment.length
    assert offset == end.bytes
    packets = [record for record in read_journal(relay.directory / started.journal) if record.kind == RTP]
    assert sum(segment.packets for segment in segments) == len(packets) > 0
    assert all(int.from_bytes(record.payload[8:12], "big") == started.ssrc for record in packets)


async def test_switching_recording_off_closes_the_files_and_on_again_begins_new_ones(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender = Sender(video=False)
    try:
        await relay.port.set_recording(SESSION, True)
        await sender.publish(relay.port, SESSION, "up", participant_id="applicant")
        first = await relay.facts.find(TrackStarted)
        await relay.port.set_recording(SESSION, False)
        await relay.facts.find(TrackEnded, lambda event: event.track_id == first.track_id)
        await relay.port.set_recording(SESSION, True)
        second = await relay.facts.find(TrackStarted, lambda event: event.track_id != first.track_id)
        assert second.started_us > first.started_us
    finally:
        await sender.aclose()
