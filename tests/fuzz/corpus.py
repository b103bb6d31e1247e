"""Seeds as they are on the wire: real encoders' frames, a real DTLS handshake, real browsers' descriptions."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from aioice import stun
from aiortc import RTCCertificate
from aiortc.codecs.h264 import H264Encoder
from aiortc.rtcdtlstransport import SRTP_PROFILES
from OpenSSL import SSL

from media.events import SegmentClosed, to_wire
from media.journal.format import RTP, SENDER_REPORT, JournalHeader, encode_header, encode_record
from media.rtp import rtcp
from media.rtp.rtx import wrap_rtx
from media.wire import encode

OFFERS = Path(__file__).parents[1] / "media" / "relay" / "offers"
VIDEO_TYPE, RTX_TYPE, AUDIO_TYPE, H264_TYPE, WIDE_ID = 96, 97, 111, 98, 4
SSRC, RTX_SSRC, AUDIO_SSRC = 0x1111, 0x2222, 0x3333
MAX_PAYLOAD = 1100

#: Forms of the header between the fixed part and the payload: extensions of every kind, right and wrong.
EXTENSIONS = {
    "transport-cc": bytes.fromhex("bede0001") + bytes([WIDE_ID << 4 | 1, 0, 1, 0]),
    "transport-cc of one byte": bytes.fromhex("bede0001") + bytes([WIDE_ID << 4, 7, 0, 0]),
    "transport-cc of three bytes": bytes.fromhex("bede0001") + bytes([WIDE_ID << 4 | 2, 1, 2, 3]),
    "transport-cc of sixteen bytes": bytes.fromhex("bede0005") + bytes([WIDE_ID << 4 | 15]) + bytes(19),
    "element longer than the block": bytes.fromhex("bede0001") + bytes([0x1F, 0, 0, 0]),
    "only padding": bytes.fromhex("bede0002") + bytes(8),
    "empty block": bytes.fromhex("bede0000"),
    "two bytes": bytes.fromhex("10000002") + bytes([WIDE_ID, 2, 0, 9, 0, 0, 0, 0]),
    "two bytes, longer than the block": bytes.fromhex("10000001") + bytes([WIDE_ID, 200, 0, 0]),
    "two bytes, nothing": bytes.fromhex("10000001") + bytes([WIDE_ID, 0, 5, 0]),
    "another profile": bytes.fromhex("abcd0001") + bytes(4),
    "id 15": bytes.fromhex("bede0001") + bytes([0xF0, 1, 2, 3]),
}


@dataclass(frozen=True, slots=True)
class Corpus:
    """Plain packets by family; `offers` and `answers` are text."""

    rtp: list[bytes]
    rtcp: list[bytes]
    stun: list[bytes]
    dtls: list[bytes]
    frames: list[bytes]
    offers: list[str]
    answers: list[str]
    journal: bytes
    wire: list[bytes]


def make_corpus() -> Corpus:
    vp8, h264 = vp8_payloads(), h264_payloads()
    packets = rtp_packets(vp8, h264)
    offers = [(OFFERS / name).read_text().replace("\n", "\r\n") for name in ("chromium_up.sdp", "firefox_up.sdp")]
    answers = [(OFFERS / name).read_text().replace("\n", "\r\n") for name in ("chromium_down.sdp", "firefox_down.sdp")]
    return Corpus(
        packets,
        rtcp_packets(),
        stun_messages(),
        dtls_flights(),
        vp8 + h264,
        [text.replace("\r\r", "\r") for text in offers],
        [text.replace("\r\r", "\r") for text in answers],
        journal_bytes(packets),
        wire_messages(offers),
    )


def rtp_header(kind: int, sequence: int, ssrc: int, extension: bytes = b"", marker: bool = False) -> bytes:
    first = 0x90 if extension else 0x80
    return struct.pack("!BBHII", first, marker << 7 | kind, sequence & 0xFFFF, sequence * 3000, ssrc) + extension


def rtp_packets(vp8: list[bytes], h264: list[bytes]) -> list[bytes]:
    forms = [b"", *EXTENSIONS.values()]
    packets = []
    for index, payload in enumerate(vp8 + h264):
        kind = VIDEO_TYPE if index < len(vp8) else H264_TYPE
        packets.append(rtp_header(kind, index, SSRC, forms[index % len(forms)], marker=index % 3 == 0) + payload)
    packets += [rtp_header(AUDIO_TYPE, n, AUDIO_SSRC, form) + b"\xf8" * 40 for n, form in enumerate(forms)]
    packets += [wrap_rtx(packet, RTX_SSRC, RTX_TYPE, n) for n, packet in enumerate(packets[:20])]
    padded = bytes([packets[0][0] | 0x20]) + packets[0][1:] + bytes([0, 0, 3])
    with_sources = bytes([0x83]) + packets[0][1:12] + bytes(12) + packets[0][12:]
    return [*packets, padded, padded[:-1] + b"\xff", with_sources, rtp_header(13, 1, SSRC), rtp_header(127, 1, 0x4444)]


def rtcp_packets() -> list[bytes]:
    report = rtcp.Report(SSRC, 3, 5, 70_000, 5, 6, 7)
    ntp = rtcp.ntp_from_unix_us(1_700_000_000_000_000)
    sender = rtcp.build_sender_report(rtcp.SenderReport(SSRC, ntp, 9, 10, 11, [report]))
    fir = rtcp.HEAD.pack(0x84, 206, 4) + struct.pack("!IIII", 1, 0, SSRC, 1 << 24)
    bye = rtcp.HEAD.pack(0x81, 203, 1) + struct.pack("!I", 0x5555)
    extended = rtcp.HEAD.pack(0x80, 207, 4) + struct.pack("!I", 1) + bytes([4, 0, 0, 2]) + bytes(8)
    feedback = rtcp.HEAD.pack(0x8F, 205, 5) + struct.pack("!IIHHI", 1, SSRC, 7, 2, 1) + bytes([0x20, 2, 1, 1])
    return [
        sender + rtcp.build_sdes(SSRC, "phone"),
        rtcp.build_receiver_report(1, [report, report]) + rtcp.build_remb(1, 1_000_000, [SSRC, AUDIO_SSRC]),
        rtcp.build_receiver_report(1, []) + rtcp.build_nack(1, SSRC, [1, 2, 3, 19, 900]),
        rtcp.build_receiver_report(1, []) + rtcp.build_pli(1, SSRC),
        fir,
        bye,
        extended,
        feedback,
        sender + rtcp.build_sdes(SSRC, "x" * 200) + fir + feedback,
    ]


def stun_messages(username: str = "aaaa:bbbb", key: bytes = b"password") -> list[bytes]:
    """Binding requests and answers; signed with `key`."""
    found = []
    for kind in (stun.Class.REQUEST, stun.Class.RESPONSE, stun.Class.ERROR, stun.Class.INDICATION):
        message = stun.Message(stun.Method.BINDING, kind)
        message.attributes |= {"USERNAME": username, "PRIORITY": 1853824767, "ICE-CONTROLLING": 7}
        if kind == stun.Class.ERROR:
            message.attributes["ERROR-CODE"] = (487, "Role Conflict")
        if kind == stun.Class.RESPONSE:
            message.attributes["XOR-MAPPED-ADDRESS"] = ("10.0.0.1", 4000)
        found.append(bytes(message))
        message.add_message_integrity(key)
        found.append(bytes(message))
    return found


def dtls_flights() -> list[bytes]:
    """Every datagram of a handshake between two OpenSSL ends, an alert and application data."""
    ends = []
    for accepts in (True, False):
        certificate = RTCCertificate.generateCertificate()
        end = SSL.Connection(certificate._create_ssl_context(srtp_profiles=SRTP_PROFILES))
        end.set_accept_state() if accepts else end.set_connect_state()
        ends.append(end)
    sent: list[bytes] = []
    for _ in range(8):
        for end, other in (ends[::-1], ends):
            try:
                end.do_handshake()
            except SSL.Error:
                pass
            try:
                while flight := end.bio_read(1500):
                    sent.append(flight)
                    other.bio_write(flight)
            except SSL.Error:
                continue
    alert, close = bytes.fromhex("15fefd00000000000000000002022f"), bytes.fromhex("15fefd000000000000000000020100")
    return [*sent, alert, close, bytes.fromhex("17fefd0001000000000001001a") + bytes(26), b"\x14\xfe\xfd" + bytes(11)]


def vp8_payloads() -> list[bytes]:
    parts: list[bytes] = []
    for number, frame in enumerate(_encode("libvpx")):
        for at in range(0, len(frame), MAX_PAYLOAD):
            first = 0x10 if at == 0 else 0
            descriptor = [
                bytes([first]),
                bytes([0x80 | first, 0x80, number & 127]),
                bytes([0x80 | first, 0xF0, 0x80 | number >> 8, number & 255, number & 255, 0x60]),
            ][number % 3]
            parts.append(descriptor + frame[at : at + MAX_PAYLOAD])
    return parts


def h264_payloads() -> list[bytes]:
    encoder = H264Encoder()
    payloads: list[bytes] = []
    for index, picture in enumerate(_pictures()):
        picture.pts, picture.time_base = index * 3000, Fraction(1, 90_000)
        payloads += encoder.encode(picture, force_keyframe=index == 0)[0]
    return payloads


def journal_bytes(packets: list[bytes]) -> bytes:
    header = JournalHeader("s", "t", "p", "applicant", "video", "VP8", 90_000, VIDEO_TYPE, SSRC, 1)
    records = [encode_record(RTP, 1_000_000 + n * 33_000, packet) for n, packet in enumerate(packets)]
    report = encode_record(SENDER_REPORT, 2_000_000, rtcp_packets()[0])
    return encode_header(header) + b"".join(records) + report


def wire_messages(offers: list[str]) -> list[bytes]:
    segment = SegmentClosed("s", "t", 0, 0, 1, "a", "b", 1, 2, 3, 4, 5, 6, 0)
    call = {"id": 1, "call": "add_up_peer", "args": {"session_id": "s", "peer_id": "p", "sdp": offers[0]}}
    answers = [{"id": 1, "result": {"sdp": ""}}, {"id": 2, "error": {"kind": "invalid", "code": "x"}}]
    return [encode(call), encode(to_wire(segment)), *(encode(answer) for answer in answers)]


def _encode(name: str) -> list[bytes]:
    encoder: Any = av.CodecContext.create(name, "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 240, "yuv420p"
    encoder.time_base, encoder.bit_rate = Fraction(1, 30), 500_000
    encoder.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"}
    frames: list[bytes] = []
    for index, picture in enumerate(_pictures()):
        picture.pts, picture.time_base = index, Fraction(1, 30)
        frames += [bytes(packet) for packet in encoder.encode(picture)]
    return frames


def _pictures() -> list[av.VideoFrame]:
    chance = np.random.default_rng(1)
    coarse = [chance.integers(0, 255, (240, 320, 3), dtype=np.uint8) for _ in range(6)]
    return [av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p") for picture in coarse]
