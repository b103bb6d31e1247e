"""The other relay of the comparison: aiortc's RTCPeerConnection and MediaRelay, with transport-cc added.

Without transport-cc browsers stay near 0.3 Mb/s with aiortc, so the fair comparison is one that has it. aiortc is
patched here for that alone; the product's own use of private names is in `media.aiortc_private`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

import aiortc.rtcdtlstransport as aiortc_dtls
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs import CODECS, HEADER_EXTENSIONS
from aiortc.contrib.media import MediaRelay
from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpHeaderExtensionParameters
from aiortc.rtp import RtpPacket

from media.aiortc_private import gather_loopback_when_alone
from media.relay_clock import RelayClock
from media.rtp.transport_cc import TransportCcRecorder
from media.sdp import TRANSPORT_CC_URI
from media.wire import Message, WireServer

FEEDBACK_S = 0.05


def enable_transport_cc(clock: RelayClock) -> None:
    """Offer and answer transport-cc instead of REMB, and send its feedback from every DTLS transport."""
    for kind in ("audio", "video"):
        HEADER_EXTENSIONS[kind].append(RTCRtpHeaderExtensionParameters(id=4, uri=TRANSPORT_CC_URI))
        for codec in CODECS[kind]:
            if not codec.mimeType.lower().endswith("/rtx"):
                codec.rtcpFeedback.append(RTCRtcpFeedback(type="transport-cc"))
    recorders: dict[Any, tuple[TransportCcRecorder, asyncio.Task[None]]] = {}

    async def handle(self: Any, data: bytes, arrival_time_ms: int) -> None:
        try:
            packet = RtpPacket.parse(data, self._rtp_header_extensions_map)
        except ValueError:
            return
        sequence = packet.extensions.transport_sequence_number
        if sequence is not None:
            if self not in recorders:
                recorder = TransportCcRecorder()
                recorders[self] = (recorder, asyncio.create_task(_feed_back(self, recorder, packet.ssrc)))
            recorders[self][0].receive(sequence, clock.now_us())
        receiver = self._rtp_router.route_rtp(packet)
        if receiver is not None:
            await receiver._handle_rtp_packet(packet, arrival_time_ms=arrival_time_ms)

    aiortc_dtls.RTCDtlsTransport._handle_rtp_data = handle  # type: ignore[method-assign]


async def _feed_back(transport: Any, recorder: TransportCcRecorder, ssrc: int) -> None:
    while True:
        await asyncio.sleep(FEEDBACK_S)
        for message in recorder.take_feedback(1, ssrc):
            try:
                await transport._send_rtp(message)
            except ConnectionError:
                return


class MediaRelayServer:
    """The part of `RelayPort` that a bench needs, one applicant per session."""

    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._tracks: dict[str, list[Any]] = {}
        self._peers: dict[str, RTCPeerConnection] = {}

    async def open_session(self, session_id: str, directory: str) -> None:
        self._tracks[session_id] = []

    async def set_recording(self, session_id: str, on: bool) -> None:
        """There is nothing to record with."""

    async def add_up_peer(self, session_id: str, peer_id: str, participant_id: str, role: str, sdp: str) -> Message:
        pc = self._peers[peer_id] = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        pc.on("track", self._tracks[session_id].append)
        await pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await pc.setLocalDescription(await pc.createAnswer())
        return {"sdp": pc.localDescription.sdp}

    async def add_down_peer(self, session_id: str, peer_id: str, participant_id: str, role: str) -> Message:
        pc = self._peers[peer_id] = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for track in self._tracks[session_id]:
            pc.addTrack(self._relay.subscribe(track))
        for transceiver in pc.getTransceivers():
            transceiver.direction = "sendonly"
        await pc.setLocalDescription(await pc.createOffer())
        return {"sdp": pc.localDescription.sdp}

    async def accept_answer(self, session_id: str, peer_id: str, sdp: str) -> None:
        await self._peers[peer_id].setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def close_session(self, session_id: str) -> None:
        """Peers live as long as the server."""

    async def aclose(self) -> None:
        await asyncio.gather(*(pc.close() for pc in self._peers.values()))


async def serve(socket_path: str) -> None:
    enable_transport_cc(RelayClock())
    gather_loopback_when_alone()
    relay = MediaRelayServer()

    async def handle(call: str, args: Message) -> object:
        return await getattr(relay, call)(**args)

    server = WireServer(handle)
    await server.listen(socket_path)
    await server.wait_gone()
    await server.aclose()
    await relay.aclose()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m media.bench.aiortc_server")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--config", default="{}")
    args = parser.parse_args(argv)
    asyncio.run(serve(args.socket))
    return 0


if __name__ == "__main__":
    sys.exit(main())
