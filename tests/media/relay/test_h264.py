"""H.264 from sender to viewer, record, still and film; and what happens when a call changes its codec or its shape."""

from __future__ import annotations

import asyncio
from pathlib import Path

import av
import pytest
from aiortc import RTCRtpSender, RTCSessionDescription
from playwright.async_api import Page, async_playwright

from media.config import RelayConfig
from media.depacketise import frames_of
from media.events import CodecRefused, TrackEnded, TrackStarted
from media.journal.reader import read_header, read_journal
from media.replay_mux import write_replay
from media.stills_track import find_picture
from tests.clips.handheld import write_y4m
from tests.media.relay import call_page
from tests.media.relay.aiortc_peers import Receiver, Sender
from tests.media.relay.conftest import RunningRelay

SESSION = "session-1"
VIDEO = "0"
WINDOW_S = 5.0

#: A picture of another shape, as of a phone that was turned, with something that moves.
TURN = """async ([width, height]) => {
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  const pen = canvas.getContext('2d'); let turns = 0;
  setInterval(() => { pen.fillStyle = `hsl(${turns += 7}, 70%, 50%)`; pen.fillRect(0, 0, width, height);
                      pen.fillStyle = 'white'; pen.fillRect(turns % 400, 200, 60, 60); }, 50);
  const [track] = canvas.captureStream(20).getVideoTracks();
  await up.getSenders().find((sender) => sender.track.kind === 'video').replaceTrack(track);
}"""
SWITCH = """async (mimeType) => {
  const sender = up.getSenders().find((sender) => sender.track.kind === 'video');
  const parameters = sender.getParameters();
  const codec = parameters.codecs.find((codec) => codec.mimeType === mimeType);
  for (const encoding of parameters.encodings) encoding.codec = codec;
  await sender.setParameters(parameters);
}"""
SEEN = """async () => {
  const items = [...(await down.getStats()).values()];
  const video = items.find((item) => item.type === 'inbound-rtp' && item.kind === 'video');
  const codec = video && items.find((item) => item.id === video.codecId);
  return video ? [codec ? codec.mimeType : '', video.frameWidth || 0, video.frameHeight || 0, video.framesDecoded || 0]
               : ['', 0, 0, 0];
}"""


@pytest.fixture
def relay_config() -> RelayConfig:
    return RelayConfig(loopback=True, udp_ports=(43500, 43799), video_codecs=("H264", "VP8"))


def prefer_h264(sender: Sender) -> None:
    for transceiver in sender.pc.getTransceivers():
        if transceiver.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([each for each in codecs if each.mimeType in ("video/H264", "video/rtx")])


def journals(directory: Path) -> list[Path]:
    """The video journals in the order of their beginning."""
    found = [path for path in (directory / "journal").glob("*.ytj") if read_header(path).kind == "video"]
    return sorted(found, key=lambda path: read_header(path).created_us)


@pytest.mark.integration
async def test_an_aiortc_sender_of_h264_is_seen_and_recorded(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    await relay.port.set_recording(SESSION, True)
    sender, receiver = Sender(audio=False), Receiver()
    prefer_h264(sender)
    try:
        await receiver.subscribe(relay.port, SESSION, "down")
        await sender.publish(relay.port, SESSION, "up")
        await receiver.wait_frames(VIDEO, 20)
        started = await relay.facts.find(TrackStarted, lambda event: event.kind == "video")
        assert started.codec == "H264"
        await relay.port.close_session(SESSION)
    finally:
        await sender.aclose()
        await receiver.aclose()
    path = relay.directory / started.journal
    frames = list(frames_of(read_journal(path), "H264"))
    assert frames[0].keyframe and sum(frame.decodable for frame in frames) >= 20
    picture = find_picture(path, None)
    assert picture is not None and picture.frame == [frame for frame in frames if frame.decodable][-1]


@pytest.mark.integration
async def test_a_viewer_without_the_senders_codec_is_told_so(relay: RunningRelay) -> None:
    await relay.port.open_session(SESSION, str(relay.directory))
    sender, viewer = Sender(audio=False), Receiver()
    prefer_h264(sender)
    try:
        offer = await relay.port.add_down_peer(SESSION, "down", "official", "inspector")
        known = RTCSessionDescription(offer["sdp"].replace("H264/90000", "H263/90000"), "offer")
        await viewer.pc.setRemoteDescription(known)
        await viewer.pc.setLocalDescription(await viewer.pc.createAnswer())
        await relay.port.accept_answer(SESSION, "down", viewer.pc.localDescription.sdp)
        await sender.publish(relay.port, SESSION, "up")
        refused = await relay.facts.find(CodecRefused)
        assert (refused.peer_id, refused.participant_id, refused.kind, refused.codec) == (
            "down", "official", "video", "H264",
        )  # fmt: skip
        stats = await relay.stats(SESSION)
        slot = stats["peers"]["down"]["slots"][0]
        assert (slot["packets"], slot["refused_codec"]) == (0, "H264")
    finally:
        await sender.aclose()
        await viewer.aclose()


@pytest.mark.e2e
@pytest.mark.timeout(150)
async def test_chromium_sends_h264_720p_and_turns_and_changes_to_vp8_in_one_call(
    relay: RunningRelay, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.y4m"
    write_y4m(clip, seconds=4)
    await relay.port.open_session(SESSION, str(relay.directory))
    await relay.port.set_recording(SESSION, True)
    async with async_playwright() as playwright:
        browser = await call_page.launch(playwright, clip)
        try:
            sender, viewer = await call_page.open_page(browser), await call_page.open_page(browser)
            await call_page.subscribe(viewer, relay.port, SESSION, "down")
            await call_page.publish(sender, relay.port, SESSION, "up")
            await _until_seen(viewer, "video/H264", (1280, 720))
            window = await _window(viewer)
            print(window)
            assert window.width == 1280 and window.decoded > 30
            await sender.evaluate(TURN, [480, 640])
            await _until_seen(viewer, "video/H264", (480, 640))
            await sender.evaluate(SWITCH, "video/VP8")
            await _until_seen(viewer, "video/VP8", (480, 640))
            await sender.evaluate(TURN, [640, 480])
            await _until_seen(viewer, "video/VP8", (640, 480))
            first = await relay.facts.find(TrackEnded)
            assert (await relay.facts.find(TrackStarted, lambda e: e.codec == "VP8")).track_id != first.track_id
        finally:
            await browser.close()
            await relay.port.close_session(SESSION)
    _check_record(relay.directory)


def _check_record(directory: Path) -> None:
    """Two journals, each in its codec; stills of both shapes; one film of it all."""
    one, two = journals(directory)
    assert [read_header(path).codec for path in (one, two)] == ["H264", "VP8"]
    frames = [frame for frame in frames_of(read_journal(one), "H264") if frame.decodable]
    landscape = next(frame for frame in frames if (frame.width, frame.height) == (1280, 720))
    still = find_picture(one, landscape.arrival_us)
    assert still is not None and (still.decoded.width, still.decoded.height) == (1280, 720)
    for path, size in ((one, (480, 640)), (two, (640, 480))):
        still = find_picture(path, None)
        assert still is not None and (still.decoded.width, still.decoded.height) == size
    replay = write_replay(directory, directory / "film")
    assert (replay.container, replay.reencoded) == ("webm", True)
    with av.open(str(directory / "film")) as film:
        sizes = [(frame.width, frame.height) for frame in film.decode(video=0)]
    assert sizes[0] == (1280, 720) and (480, 640) in sizes and sizes[-1] == (640, 480) and len(sizes) > 60


async def _window(viewer: Page) -> call_page.VideoWindow:
    before = await call_page.inbound_video(viewer)
    await asyncio.sleep(WINDOW_S)
    after = await call_page.inbound_video(viewer)
    assert before is not None and after is not None
    return call_page.window_between(before, after)


async def _until_seen(viewer: Page, mime_type: str, size: tuple[int, int]) -> None:
    """Until the viewer has decoded ten more frames of that codec and shape."""
    async with asyncio.timeout(30):
        begun: int | None = None
        while True:
            codec, width, height, decoded = await viewer.evaluate(SEEN)
            if (codec, width, height) != (mime_type, *size):
                begun = None
            elif begun is None:
                begun = decoded
            elif decoded >= begun + 10:
                return
            await asyncio.sleep(0.1)
