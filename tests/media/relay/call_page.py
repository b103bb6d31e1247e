"""A page in Chromium that publishes and views through a relay port, without any of the product's own front end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Playwright

from media.port import RelayPort
from tests.media.relay.udp_proxy import UdpProxy

CHROMIUM = "/usr/bin/chromium"
ORIGIN = "https://relay.invalid/"

SCRIPT = r"""
const complete = (pc) => new Promise((done) => {
  if (pc.iceGatheringState === 'complete') return done();
  pc.addEventListener('icegatheringstatechange', () => pc.iceGatheringState === 'complete' && done());
  setTimeout(done, 1000);
});
const connected = (pc) => {
  pc.connectedAt = 0;
  pc.addEventListener('iceconnectionstatechange', () => {
    if (!pc.connectedAt && ['connected', 'completed'].includes(pc.iceConnectionState)) pc.connectedAt = Date.now();
  });
};
window.offerUp = async ({video, audio, maxBitrate, frameRate, degradation, scalabilityMode}) => {
  const media = await navigator.mediaDevices.getUserMedia({
    video: video && {width: 1280, height: 720, frameRate},
    audio: audio && {echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
  const pc = window.up = new RTCPeerConnection({iceServers: []});
  connected(pc);
  for (const track of media.getTracks()) {
    const layers = scalabilityMode ? {scalabilityMode} : {};
    const encoding = track.kind === 'video' ? [{maxBitrate, maxFramerate: frameRate, ...layers}] : [{}];
    const {sender} = pc.addTransceiver(track, {direction: 'sendonly', streams: [media], sendEncodings: encoding});
    if (track.kind === 'video' && degradation) {
      const parameters = sender.getParameters();
      parameters.degradationPreference = degradation;
      await sender.setParameters(parameters);
    }
  }
  const offer = await pc.createOffer();
  const withNack = (line, type) => `${line}a=rtcp-fb:${type} nack\r\n`;
  offer.sdp = offer.sdp.replace(/a=rtpmap:(\d+) opus\/48000\/2\r\n/, withNack);
  await pc.setLocalDescription(offer);
  await complete(pc);
  return pc.localDescription.sdp;
};
window.answerUp = (sdp) => window.up.setRemoteDescription({type: 'answer', sdp});
window.answerDown = async (sdp) => {
  const pc = window.down = new RTCPeerConnection({iceServers: []});
  connected(pc);
  pc.ontrack = ({track, streams}) => {
    const element = document.createElement(track.kind);
    Object.assign(element, {id: `${streams[0].id}-${track.kind}`, autoplay: true, playsInline: true});
    document.body.append(element);
    element.srcObject = new MediaStream([track]);
  };
  await pc.setRemoteDescription({type: 'offer', sdp});
  await pc.setLocalDescription();
  await complete(pc);
  return pc.localDescription.sdp;
};
window.stats = async (name) => {
  const found = {};
  const pc = window[name];
  for (const item of (await pc.getStats()).values()) {
    if (['inbound-rtp', 'outbound-rtp', 'candidate-pair', 'remote-inbound-rtp'].includes(item.type))
      (found[item.type] ||= []).push(item);
  }
  found.now = Date.now();
  found.connectedAt = pc.connectedAt;
  found.state = pc.connectionState;
  return found;
};
"""


@dataclass(frozen=True)
class VideoWindow:
    """What a viewer saw between two readings of its statistics."""

    width: int
    frames_per_s: float
    bits_per_s: float
    decoded: int
    lost: int


async def launch(playwright: Playwright, clip: Path) -> Browser:
    return await playwright.chromium.launch(
        executable_path=CHROMIUM,
        headless=True,
        ignore_default_args=["--mute-audio"],
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={clip}",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-background-networking",
            "--no-first-run",
            "--allow-loopback-in-peer-connection",
        ],
    )


async def open_page(browser: Browser) -> Page:
    context = await browser.new_context()
    page = await context.new_page()
    await page.route(
        "**/*", lambda route: route.fulfill(body="<!doctype html><title>call</title>", content_type="text/html")
    )
    await page.add_init_script(SCRIPT)
    await page.goto(ORIGIN)
    return page


async def publish(
    page: Page,
    port: RelayPort,
    session_id: str,
    peer_id: str,
    role: Any = "applicant",
    *,
    video: bool = True,
    audio: bool = True,
    max_bits_per_s: int = 1_500_000,
    frames_per_s: int = 30,
    participant_id: str | None = None,
    degradation: str | None = "maintain-resolution",
    path: UdpProxy | None = None,
    scalability_mode: str | None = None,
) -> None:
    offer = await page.evaluate(
        "(o) => offerUp(o)",
        {
            "video": video,
            "audio": audio,
            "maxBitrate": max_bits_per_s,
            "frameRate": frames_per_s,
            "degradation": degradation,
            "scalabilityMode": scalability_mode,
        },
    )
    answer = await port.add_up_peer(session_id, peer_id, participant_id or peer_id, role, offer)
    described = answer["sdp"] if path is None else await path.through(answer["sdp"])
    await page.evaluate("(sdp) => answerUp(sdp)", described)


async def subscribe(
    page: Page,
    port: RelayPort,
    session_id: str,
    peer_id: str,
    role: Any = "inspector",
    participant_id: str | None = None,
    path: UdpProxy | None = None,
) -> None:
    offer = await port.add_down_peer(session_id, peer_id, participant_id or peer_id, role)
    described = offer["sdp"] if path is None else await path.through(offer["sdp"])
    answer = await page.evaluate("(sdp) => answerDown(sdp)", described)
    await port.accept_answer(session_id, peer_id, answer)


async def inbound_video(page: Page) -> dict[str, Any] | None:
    stats = await page.evaluate("() => stats('down')")
    videos = [item for item in stats.get("inbound-rtp", []) if item["kind"] == "video"]
    if not videos:
        return None
    return {**videos[0], "now": stats["now"], "connectedAt": stats["connectedAt"]}


async def wait_for_frames(page: Page, deadline_s: float = 20.0) -> dict[str, Any]:
    """Until the viewer has decoded something."""
    async with asyncio.timeout(deadline_s):
        while True:
            video = await inbound_video(page)
            if video is not None and video.get("framesDecoded", 0) > 0:
                return video
            await asyncio.sleep(0.1)


def window_between(before: dict[str, Any], after: dict[str, Any]) -> VideoWindow:
    seconds = (after["timestamp"] - before["timestamp"]) / 1000
    return VideoWindow(
        width=after.get("frameWidth", 0),
        frames_per_s=(after.get("framesDecoded", 0) - before.get("framesDecoded", 0)) / seconds,
        bits_per_s=(after["bytesReceived"] - before["bytesReceived"]) * 8 / seconds,
        decoded=after.get("framesDecoded", 0) - before.get("framesDecoded", 0),
        lost=after.get("packetsLost", 0) - before.get("packetsLost", 0),
    )
