"""The two peer connections of a program that takes part in a session: its tracks go up, the others' come down."""

from __future__ import annotations

import asyncio
from typing import Any

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcrtpsender import RTCRtpSender

from web.client import PublicClient

SENT_CODECS = ("video/VP8", "video/H264", "video/rtx")


class Calls:
    """Owns the up and the down connection; `rebuild` replaces both, as a phone does after an outage.

    `pictures` counts the video frames that came down and were decoded.
    """

    def __init__(self, client: PublicClient, tracks: list[MediaStreamTrack]) -> None:
        self.pictures = 0
        self._client = client
        self._tracks = tracks
        self._peers: list[RTCPeerConnection] = []
        self._peer_ids: set[str] = set()
        self._listeners: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._arrived = asyncio.Condition()

    async def rebuild(self) -> None:
        async with self._lock:
            await self._rebuild()

    async def rebuild_without(self, peer_id: str) -> None:
        """Replaces both where `peer_id` is one of them. The end of one that was replaced already is no news."""
        async with self._lock:
            if peer_id in self._peer_ids:
                await self._rebuild()

    async def aclose(self) -> None:
        async with self._lock:
            await self._close_peers()
        for track in self._tracks:
            track.stop()

    def _new_peer(self) -> RTCPeerConnection:
        # An empty list, because None would mean somebody else's public STUN server.
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._peers.append(peer)
        return peer

    async def _rebuild(self) -> None:
        await self._close_peers()
        if self._tracks:
            await self._publish()
        await self._subscribe()

    async def _publish(self) -> None:
        peer = self._new_peer()
        for track in self._tracks:
            peer.addTransceiver(LentTrack(track), direction="sendonly")
        prefer_vp8(peer)
        await peer.setLocalDescription(await peer.createOffer())
        answer = await self._client.call("peer:publish", {"sdp": peer.localDescription.sdp})
        self._peer_ids.add(answer["peer_id"])
        await peer.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type="answer"))

    async def _subscribe(self) -> None:
        peer = self._new_peer()

        @peer.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            listener = asyncio.create_task(self._listen(track))
            self._listeners.add(listener)
            listener.add_done_callback(self._listeners.discard)

        offer = await self._client.call("peer:subscribe", {})
        self._peer_ids.add(offer["peer_id"])
        await peer.setRemoteDescription(RTCSessionDescription(sdp=offer["sdp"], type="offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        answer = {"peer_id": offer["peer_id"], "sdp": peer.localDescription.sdp}
        await self._client.call("peer:answer", answer)

    async def _listen(self, track: MediaStreamTrack) -> None:
        """Reads a track to its end, so that its frames do not pile up."""
        try:
            while True:
                await track.recv()
                if track.kind == "video":
                    await self._count_picture()
        except MediaStreamError:
            return  # the track ended: the other side left or the call was rebuilt

    async def wait_for_pictures(self, count: int, timeout_s: float) -> None:
        """Raises TimeoutError when fewer have come down in time."""
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: self.pictures >= count)

    async def _count_picture(self) -> None:
        async with self._arrived:
            self.pictures += 1
            self._arrived.notify_all()

    async def _close_peers(self) -> None:
        for peer in self._peers:
            await peer.close()
        self._peers.clear()
        self._peer_ids.clear()
        for listener in list(self._listeners):
            listener.cancel()


class LentTrack(MediaStreamTrack):
    """A track for one connection: aiortc stops it with the connection, and the real one goes on to the next."""

    def __init__(self, track: MediaStreamTrack) -> None:
        super().__init__()
        self.kind = track.kind
        self._track = track

    async def recv(self) -> Any:
        """The real track's next frame."""
        return await self._track.recv()


def prefer_vp8(peer: RTCPeerConnection) -> None:
    """VP8 where the office takes it, else H.264."""
    for transceiver in peer.getTransceivers():
        if transceiver.kind == "video":
            codecs = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in SENT_CODECS])
