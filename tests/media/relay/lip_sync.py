"""A clap in the page of a sender (white picture and tone at one moment) and when a viewer sees and hears it."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

SCRIPT = r"""
window.startClapping = () => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 360});
  const paint = canvas.getContext('2d');
  const context = new AudioContext({sampleRate: 48000});
  const [tone, level, out] = [context.createOscillator(), context.createGain(), context.createMediaStreamDestination()];
  level.gain.value = 0;
  tone.frequency.value = 1000;
  tone.connect(level).connect(out);
  tone.start();
  let clapAt = context.currentTime + 1;
  window.clapped = [];
  const plan = () => {
    level.gain.setValueAtTime(0.8, clapAt);
    level.gain.setValueAtTime(0, clapAt + 0.06);
    window.clapped.push(performance.timeOrigin + performance.now() + (clapAt - context.currentTime) * 1000);
  };
  const draw = () => {
    const now = context.currentTime;
    if (now > clapAt + 0.1) {
      clapAt += 1;
      plan();
    }
    paint.fillStyle = now >= clapAt && now < clapAt + 0.1 ? '#fff' : '#000';
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.fillStyle = '#888';
    paint.fillRect((now * 200) % 600, 300, 40, 40);
    requestAnimationFrame(draw);
  };
  plan();
  draw();
  window.claps = new MediaStream([...canvas.captureStream(30).getTracks(), ...out.stream.getTracks()]);
};
window.offerClaps = async () => {
  const pc = window.up = new RTCPeerConnection({iceServers: []});
  (window.ups ||= []).push(pc);
  const init = {direction: 'sendonly', streams: [window.claps]};
  for (const track of window.claps.getTracks()) pc.addTransceiver(track, init);
  await pc.setLocalDescription();
  while (pc.iceGatheringState !== 'complete') await new Promise((done) => setTimeout(done, 20));
  return pc.localDescription.sdp;
};
window.watchClaps = async () => {
  const video = document.querySelector('video'), audio = document.querySelector('audio');
  window.seen = []; window.heard = [];
  const small = Object.assign(document.createElement('canvas'), {width: 8, height: 8});
  const look = small.getContext('2d', {willReadFrequently: true});
  let light = false;
  const onFrame = (now, frame) => {
    look.drawImage(video, 0, 0, 8, 8);
    const bright = look.getImageData(2, 2, 1, 1).data[1] > 128;
    if (bright && !light) window.seen.push(performance.timeOrigin + frame.expectedDisplayTime);
    light = bright;
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  const context = new AudioContext({sampleRate: 48000});
  const ear = `registerProcessor('ear', class extends AudioWorkletProcessor {
    constructor() { super(); this.last = -1; }
    process([[samples]]) {
      for (let i = 0; samples && i < samples.length; i++) if (Math.abs(samples[i]) > 0.1) {
        const at = currentTime + i / sampleRate;
        if (at - this.last > 0.3) this.port.postMessage(at);
        this.last = at;
      }
      return true;
    }})`;
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([ear], {type: 'text/javascript'})));
  const node = new AudioWorkletNode(context, 'ear');
  node.port.onmessage = ({data}) => {
    const {contextTime, performanceTime} = context.getOutputTimestamp();
    window.heard.push(performance.timeOrigin + performanceTime + (data - contextTime) * 1000);
  };
  context.createMediaStreamSource(audio.srcObject).connect(node);
};
window.forgetClaps = () => { window.seen = []; window.heard = []; };
window.playouts = async () => {
  const found = {};
  for (const row of (await window.down.getStats()).values())
    if (row.type === 'inbound-rtp' && row.packetsReceived > 0) found[row.kind] = row.estimatedPlayoutTimestamp ?? null;
  return found;
};
null;
"""


@dataclass(frozen=True)
class Skew:
    """How much later the picture is shown than the sound of the same moment is heard, in ms; and from mouth to ear."""

    claps: int
    median_ms: float
    worst_ms: float
    voice_ms: float


async def measure(sender: Page, viewer: Page, seconds: float) -> Skew:
    await viewer.evaluate("() => forgetClaps()")
    await asyncio.sleep(seconds)
    seen, heard = await viewer.evaluate("() => [seen, heard]")
    clapped = await sender.evaluate("() => clapped")
    skews = [shown - nearest for shown in seen if (nearest := _nearest(heard, shown)) is not None]
    if not skews:
        raise AssertionError(f"no clap was both seen ({len(seen)}) and heard ({len(heard)})")
    ways = [ear - mouth for ear in heard if (mouth := _nearest(clapped, ear)) is not None]
    return Skew(
        len(skews),
        round(statistics.median(skews), 1),
        round(max(skews, key=abs), 1),
        round(statistics.median(ways), 1),
    )


def _nearest(times: list[float], at: float) -> float | None:
    near = [time for time in times if abs(time - at) < 450]
    return min(near, key=lambda time: abs(time - at), default=None)


async def playout_skews(viewer: Page, readings: int) -> list[float]:
    """What the browser itself says of both streams: sender's time of what is played now, picture minus sound, in ms."""
    skews: list[float] = []
    while len(skews) < readings:
        found: dict[str, Any] = await viewer.evaluate("() => playouts()")
        if found.get("audio") and found.get("video"):
            skews.append(found["video"] - found["audio"])
        await asyncio.sleep(0.3)
    return skews
