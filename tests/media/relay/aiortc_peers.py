"""Participants made of aiortc's own RTCPeerConnection, on the other side of a relay port."""

from __future__ import annotations

import asyncio
import fractions
from typing import Any

import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamError, MediaStreamTrack, VideoStreamTrack

from media.aiortc_private import gather_loopback_when_alone
from media.port import RelayPort

WIDTH, HEIGHT = 320, 240


class PlainVideo(VideoStreamTrack):
    """Frames whose brightness counts up, so that a receiver can tell them from nothing."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        self._count += 1
        picture = np.full((HEIGHT, WIDTH, 3), 40 + self._count % 160, dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Tone(AudioStreamTrack):
    """A quiet 440 Hz tone."""

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        at = frame.pts + np.arange(frame.samples)
        samples = (3000 * np.sin(2 * np.pi * 440 * at / frame.sample_rate)).astype(np.int16)
        tone = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        tone.pts, tone.sample_rate = frame.pts, frame.sample_rate
        tone.time_base = fractions.Fraction(1, frame.sample_rate)
        return tone


class Sender:
    def __init__(self, *, video: bool = True, audio: bool = True) -> None:
        gather_loopback_when_alone()
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if video:
            self.pc.addTransceiver(PlainVideo(), direction="sendonly")
        if audio:
            self.pc.addTransceiver(Tone(), direction="sendonly")

    async def publish(
        self, port: RelayPort, session_id: str, peer_id: str, role: Any = "applicant", participant_id: str | None = None
    ) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        answer = await port.add_up_peer(
            session_id, peer_id, participant_id or peer_id, role, self.pc.localDescription.sdp
        )
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        return str(self.pc.localDescription.sdp)

    async def aclose(self) -> None:
        await self.pc.close()


class Receiver:
    """`frames[mid]` counts what was decoded in each slot, `peaks[mid]` is the loudest sample."""

    def __init__(self) -> None:
        gather_loopback_when_alone()
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.frames: dict[str, int] = {}
        self.peaks: dict[str, int] = {}
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.pc.on("track", self._take)

    async def subscribe(
        self, port: RelayPort, session_id: str, peer_id: str, role: Any = "inspector", participant_id: str | None = None
    ) -> str:
        offer = await port.add_down_peer(session_id, peer_id, participant_id or peer_id, role)
        await self.pc.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        await port.accept_answer(session_id, peer_id, self.pc.localDescription.sdp)
        return offer["sdp"]

    async def wait_frames(self, mid: str, count: int, deadline_s: float = 20.0) -> None:
        """Until `count` more frames were decoded in that slot."""
        target = self.frames.get(mid, 0) + count
        async with asyncio.timeout(deadline_s), self._changed:
            await self._changed.wait_for(lambda: self.frames.get(mid, 0) >= target)

    async def wait_packets(self, count: int, deadline_s: float = 20.0) -> None:
        """Until `count` more packets came: aiortc decodes nothing before it has given up what an outage swallowed."""
        target = await self._packets() + count
        async with asyncio.timeout(deadline_s):
            while await self._packets() < target:  # noqa: ASYNC110  statistics tell nobody when they change
                await asyncio.sleep(0.02)

    async def _packets(self) -> int:
        rows = (await self.pc.getStats()).values()
        return sum(int(row.packetsReceived) for row in rows if row.type == "inbound-rtp")

    async def aclose(self) -> None:
        await self.pc.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, track: MediaStreamTrack) -> None:
        mid = next(t.mid for t in self.pc.getTransceivers() if t.receiver.track is track)
        self._tasks.append(asyncio.create_task(self._count(mid, track)))

    async def _count(self, mid: str, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            if isinstance(frame, av.AudioFrame):
                self.peaks[mid] = max(self.peaks.get(mid, 0), int(np.abs(frame.to_ndarray()).max()))
            async with self._changed:
                self.frames[mid] = self.frames.get(mid, 0) + 1
                self._changed.notify_all()
