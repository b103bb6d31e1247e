"""Synthetic participants: prebuilt RTP out, counting in. Light enough that the server is what is measured."""

from __future__ import annotations

import asyncio
import random
import struct
from typing import Any

from aiortc.sdp import SessionDescription

from media.bench.material import FRAME_RATE, SAMPLES_PER_VOICE_FRAME, Material
from media.bench.servers import BenchPort, bench_config
from media.codec_names import OPUS, VP8
from media.peer import Peer, PeerIdentity, PeerWatch
from media.relay_clock import RelayClock
from media.rtp.header import HEADER, HEADER_WITH_EXTENSION, ONE_WORD_EXTENSION, payload_offset
from media.rtp.rtcp import (
    Report,
    SenderReport,
    build_receiver_report,
    build_remb,
    build_sdes,
    build_sender_report,
    ntp_from_unix_us,
)
from media.sdp import TRANSPORT_CC_URI, LocalTransport, UpOffer, parse_down_answer, parse_up_offer
from media.sdp_formats import OPUS_FORMAT, PayloadFormat
from media.sdp_write import format_lines, session_lines, transport_lines, write_up_answer

VIDEO_TYPE, RTX_TYPE, AUDIO_TYPE, WIDE_ID = 96, 97, 111, 4
VIDEO = PayloadFormat(VP8, VIDEO_TYPE, RTX_TYPE)
AUDIO = PayloadFormat(OPUS, AUDIO_TYPE, None, OPUS_FORMAT)
VIDEO_STEP = 90_000 // FRAME_RATE
SENT_AT = struct.Struct("!Q")
REMB_BITS_PER_S = 1_500_000
#: A sender that is this far behind (the machine is busy) lets the missed time go.
LATE_S = 0.5


class LoadPeer(Peer):
    """Common to both directions: connects to a server's port."""

    def __init__(self, identity: PeerIdentity) -> None:
        self.is_connected = asyncio.Event()
        watch = PeerWatch(lambda _: self.is_connected.set(), lambda _peer, _cause: None)
        super().__init__(identity, bench_config(), RelayClock(), watch)

    def on_connected(self) -> None:
        """The bench waits for `is_connected`."""

    def stats(self) -> dict[str, Any]:
        return {}

    async def reach(self, sdp: str) -> None:
        """Begin at the server's own candidates: a server does not begin at ours."""
        for candidate in SessionDescription.parse(sdp).media[0].ice_candidates:
            await self._ice.addRemoteCandidate(candidate)


class LoadSender(LoadPeer):
    """Plays the material in a loop: 30 frames and 50 voice packets a second, each with a transport-wide number."""

    def __init__(self, identity: PeerIdentity, material: Material) -> None:
        super().__init__(identity)
        self._material = material
        self._video_ssrc, self._audio_ssrc = random.sample(range(1, 1 << 32), 2)
        self._wide = 0
        self._video_sequence = self._audio_sequence = 0
        self._video_packets = self._audio_packets = 0
        self._playing: list[asyncio.Task[None]] = []

    async def publish(self, port: BenchPort) -> None:
        identity = self.identity
        local = await self.gather("actpass")
        answer = await port.add_up_peer(
            identity.session_id, identity.peer_id, identity.participant_id, identity.role, self._offer(local)
        )
        await self.reach(answer["sdp"])
        self.start(parse_down_answer(answer["sdp"]).remote)

    def play(self) -> None:
        self._playing = [
            asyncio.create_task(self._every(1 / FRAME_RATE, self._send_frame)),
            asyncio.create_task(self._every(0.02, self._send_voice)),
            asyncio.create_task(self._every(1.0, self._send_reports)),
        ]

    def take_datagram(self, data: bytes) -> None:
        """Feedback is not followed: the load stays as it is."""

    async def aclose(self) -> None:
        for task in self._playing:
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)
        await super().aclose()

    def _offer(self, local: LocalTransport) -> str:
        lines = session_lines(random.randrange(1 << 62), ["0", "1"])
        for mid, kind, ssrc in (("0", "video", self._video_ssrc), ("1", "audio", self._audio_ssrc)):
            video = kind == "video"
            types = " ".join(str(number) for number in (VIDEO if video else AUDIO).types)
            feedback = ["transport-cc", "nack", "nack pli", "ccm fir"] if video else ["transport-cc"]
            lines += [
                f"m={kind} 9 UDP/TLS/RTP/SAVPF {types}",
                *transport_lines(local),
                f"a=mid:{mid}",
                "a=sendonly",
                "a=rtcp-mux",
                "a=msid:load load",
                f"a=extmap:{WIDE_ID} {TRANSPORT_CC_URI}",
                *format_lines([VIDEO if video else AUDIO], feedback),
                f"a=ssrc:{ssrc} cname:load",
            ]
        return "\r\n".join(lines) + "\r\n"

    async def _every(self, interval_s: float, send: Any) -> None:
        loop = asyncio.get_running_loop()
        due, index = loop.time() + random.random() * interval_s, 0
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            send(index)
            index += 1
            due += interval_s
            if loop.time() - due > LATE_S:
                due = loop.time()

    def _send_frame(self, index: int) -> None:
        parts = self._material.video[index % len(self._material.video)]
        sent_at = SENT_AT.pack(self.clock.now_us())
        for number, payload in enumerate(parts):
            last = number == len(parts) - 1
            self._send(
                0x80 if last else 0,
                VIDEO_TYPE,
                self._video_sequence,
                index * VIDEO_STEP,
                self._video_ssrc,
                payload + sent_at if last else payload,
            )
            self._video_sequence += 1
            self._video_packets += 1

    def _send_voice(self, index: int) -> None:
        payload = self._material.audio[index % len(self._material.audio)]
        self._send(0, AUDIO_TYPE, self._audio_sequence, index * SAMPLES_PER_VOICE_FRAME, self._audio_ssrc, payload)
        self._audio_sequence += 1
        self._audio_packets += 1

    def _send(self, marker: int, kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes) -> None:
        extension = (WIDE_ID << 4 | 1) << 24 | (self._wide & 0xFFFF) << 8
        self._wide += 1
        self.send_media(
            HEADER_WITH_EXTENSION.pack(
                0x90, marker | kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc, ONE_WORD_EXTENSION, extension
            )
            + payload
        )

    def _send_reports(self, index: int) -> None:
        ntp = ntp_from_unix_us(self.clock.wall_us())
        for ssrc, rtp, packets in (
            (self._video_ssrc, index * 90_000, self._video_packets),
            (self._audio_ssrc, index * 48_000, self._audio_packets),
        ):
            report = SenderReport(ssrc, ntp, rtp & 0xFFFFFFFF, packets, packets * 1000, [])
            self.send_control(build_sender_report(report) + build_sdes(ssrc, "load"))


class LoadReceiver(LoadPeer):
    """Counts packets, bytes and frames; reads the time that a sender put behind the last packet of a frame."""

    def __init__(self, identity: PeerIdentity, offer: UpOffer) -> None:
        super().__init__(identity)
        self.packets = self.bytes = self.frames = 0
        self.delays_us: list[int] = []
        self.first_frame = asyncio.Event()
        self._types = {section.payload_type: section.kind for section in offer.taken}
        self._ssrcs: dict[int, int] = {}
        self._reporting: asyncio.Task[None] | None = None
        self._offer = offer

    @classmethod
    async def subscribe(cls, identity: PeerIdentity, port: BenchPort) -> LoadReceiver:
        described = await port.add_down_peer(
            identity.session_id, identity.peer_id, identity.participant_id, identity.role
        )
        offer = parse_up_offer(described["sdp"])
        receiver = cls(identity, offer)
        local = await receiver.gather("active" if offer.remote.setup != "active" else "passive")
        await receiver.reach(described["sdp"])
        receiver.start_as_client(offer)
        await port.accept_answer(
            identity.session_id, identity.peer_id, write_up_answer(offer, local, random.randrange(1 << 62))
        )
        return receiver

    def start_as_client(self, offer: UpOffer) -> None:
        """Our answer says `active`, so the server's end is passive whatever its offer allowed."""
        remote = offer.remote
        self.start(type(remote)(remote.username, remote.password, remote.fingerprints, "passive"))
        self._reporting = asyncio.create_task(self._report())

    def take_datagram(self, data: bytes) -> None:
        if 191 < data[1] < 224:
            return
        packet = self._unprotect(data)  # type: ignore[misc]
        _, second, sequence, _, ssrc = HEADER.unpack_from(packet)
        self.packets += 1
        self.bytes += len(packet)
        self._ssrcs[ssrc] = sequence
        if second & 0x80 and self._types.get(second & 0x7F) == "video":
            self.frames += 1
            self.first_frame.set()
            if len(packet) >= payload_offset(packet) + SENT_AT.size:
                delay_us = self.clock.now_us() - SENT_AT.unpack_from(packet, len(packet) - SENT_AT.size)[0]
                if 0 <= delay_us < 10_000_000:  # a server that encodes anew has other bytes there
                    self.delays_us.append(delay_us)

    def reset(self) -> None:
        self.packets = self.bytes = self.frames = 0
        self.delays_us.clear()

    async def aclose(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            await asyncio.gather(self._reporting, return_exceptions=True)
        await super().aclose()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            reports = [Report(ssrc, 0, 0, highest, 0, 0, 0) for ssrc, highest in self._ssrcs.items()]
            remb = build_remb(1, REMB_BITS_PER_S, list(self._ssrcs))
            self.send_control(build_receiver_report(1, reports[:31]) + remb)


class CountingReceiver(LoadReceiver):
    """Counts by the headers, which SRTP leaves readable, and decrypts nothing: for many viewers of one sender."""

    def take_datagram(self, data: bytes) -> None:
        if 191 < data[1] < 224:
            return
        self.packets += 1
        self.bytes += len(data)
        if data[1] & 0x80 and self._types.get(data[1] & 0x7F) == "video":
            self.frames += 1
            self.first_frame.set()
