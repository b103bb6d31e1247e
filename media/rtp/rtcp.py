"""RTCP: what this relay understands and what it says (RFC 3550 section 6, RFC 4585, RFC 5104, REMB)."""

from __future__ import annotations

import struct
from typing import NamedTuple

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
NACK_FORMAT = 1
PLI_FORMAT, FIR_FORMAT, APPLICATION_FORMAT = 1, 4, 15
CNAME = 1
#: Members of a compound and sequence numbers of one NACK that anybody has a use for; what is longer costs us only time.
MAX_MEMBERS = 32
MAX_NACKED = 512
#: Seconds between 1900 (NTP) and 1970 (unix).
NTP_EPOCH_S = 2_208_988_800

HEAD = struct.Struct("!BBH")
REPORT = struct.Struct("!IIIIII")
SENDER_INFO = struct.Struct("!IQIII")
ONE_WORD = struct.Struct("!I")
TWO_WORDS = struct.Struct("!II")
NACK_ITEM = struct.Struct("!HH")


class Report(NamedTuple):
    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay_since_sr: int


class SenderReport(NamedTuple):
    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int
    reports: list[Report]


class ReceiverReport(NamedTuple):
    ssrc: int
    reports: list[Report]


class Nack(NamedTuple):
    media_ssrc: int
    sequences: list[int]


class KeyframeRequest(NamedTuple):
    """PLI (one SSRC) or FIR (each SSRC it names)."""

    media_ssrcs: list[int]


class Remb(NamedTuple):
    bitrate: int
    media_ssrcs: list[int]


class Bye(NamedTuple):
    ssrcs: list[int]


Feedback = SenderReport | ReceiverReport | Nack | KeyframeRequest | Remb | Bye


def parse_compound(data: bytes) -> list[Feedback]:
    """What is understood of a compound packet. Raises ValueError where a member lies about its length or its counts."""
    found: list[Feedback] = []
    at = members = 0
    while at < len(data):
        members += 1
        if members > MAX_MEMBERS:
            raise ValueError("RTCP compound of too many packets")
        if at + 4 > len(data) or data[at] >> 6 != 2:
            raise ValueError("no RTCP packet")
        first, kind, words = HEAD.unpack_from(data, at)
        end = at + 4 + words * 4
        if end > len(data):
            raise ValueError("RTCP packet is cut off")
        feedback = _parse_one(first & 31, kind, data[at + 4 : end])
        if feedback is not None:
            found.append(feedback)
        at = end
    return found


def _parse_one(count: int, kind: int, body: bytes) -> Feedback | None:
    try:
        if kind == SR:
            ssrc, ntp, rtp, packets, octets = SENDER_INFO.unpack_from(body)
            return SenderReport(ssrc, ntp, rtp, packets, octets, _reports(body, SENDER_INFO.size, count))
        if kind == RR:
            (ssrc,) = ONE_WORD.unpack_from(body)
            return ReceiverReport(ssrc, _reports(body, 4, count))
        if kind == BYE:
            if len(body) < count * 4:
                raise ValueError("BYE names fewer sources than it says")
            return Bye([value for (value,) in struct.iter_unpack("!I", body[: count * 4])])
        if kind == RTPFB and count == NACK_FORMAT:
            return _parse_nack(body)
        if kind == PSFB:
            return _parse_payload_feedback(count, body)
    except struct.error as error:
        raise ValueError("RTCP packet is shorter than it says") from error
    return None


def _reports(body: bytes, at: int, count: int) -> list[Report]:
    reports = []
    for index in range(count):
        ssrc, loss, highest, jitter, last_sr, delay = REPORT.unpack_from(body, at + index * REPORT.size)
        lost = loss & 0xFFFFFF
        reports.append(Report(ssrc, loss >> 24, lost - (lost >> 23 << 24), highest, jitter, last_sr, delay))
    return reports


def _parse_nack(body: bytes) -> Nack:
    _, media_ssrc = TWO_WORDS.unpack_from(body)
    sequences: list[int] = []
    for base, mask in NACK_ITEM.iter_unpack(body[8:]):
        if len(sequences) >= MAX_NACKED:
            break
        sequences.append(base)
        sequences += [(base + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1]
    return Nack(media_ssrc, sequences)


def _parse_payload_feedback(form: int, body: bytes) -> Feedback | None:
    _, media_ssrc = TWO_WORDS.unpack_from(body)
    if form == PLI_FORMAT:
        return KeyframeRequest([media_ssrc])
    if form == FIR_FORMAT:
        return KeyframeRequest([ssrc for ssrc, _ in TWO_WORDS.iter_unpack(body[8:])])
    if form == APPLICATION_FORMAT and body[8:12] == b"REMB" and len(body) >= 16:
        count = min(body[12], (len(body) - 16) // 4)
        exponent, mantissa = body[13] >> 2, (body[13] & 3) << 16 | body[14] << 8 | body[15]
        ssrcs = [int.from_bytes(body[16 + 4 * i : 20 + 4 * i], "big") for i in range(count)]
        return Remb(mantissa << exponent, ssrcs)
    return None


def build_nack(sender_ssrc: int, media_ssrc: int, sequences: list[int]) -> bytes:
    """`sequences` in sending order, 16 bits each."""
    items: list[list[int]] = []
    for sequence in sequences:
        distance = (sequence - items[-1][0]) & 0xFFFF if items else 0
        if items and 1 <= distance <= 16:
            items[-1][1] |= 1 << (distance - 1)
        elif not items or distance:
            items.append([sequence, 0])
    body = b"".join(NACK_ITEM.pack(base, mask) for base, mask in items)
    return _packet(NACK_FORMAT, RTPFB, TWO_WORDS.pack(sender_ssrc, media_ssrc) + body)


def build_pli(sender_ssrc: int, media_ssrc: int) -> bytes:
    return _packet(PLI_FORMAT, PSFB, TWO_WORDS.pack(sender_ssrc, media_ssrc))


def build_remb(sender_ssrc: int, bitrate: int, media_ssrcs: list[int]) -> bytes:
    exponent = max(0, bitrate.bit_length() - 18)
    mantissa = bitrate >> exponent
    packed = bytes([len(media_ssrcs), exponent << 2 | mantissa >> 16, mantissa >> 8 & 0xFF, mantissa & 0xFF])
    ssrcs = struct.pack(f"!{len(media_ssrcs)}I", *media_ssrcs)
    return _packet(APPLICATION_FORMAT, PSFB, TWO_WORDS.pack(sender_ssrc, 0) + b"REMB" + packed + ssrcs)


def build_receiver_report(sender_ssrc: int, reports: list[Report]) -> bytes:
    body = struct.pack("!I", sender_ssrc) + b"".join(_pack_report(report) for report in reports)
    return _packet(len(reports), RR, body)


def build_sender_report(report: SenderReport) -> bytes:
    body = SENDER_INFO.pack(
        report.ssrc, report.ntp, report.rtp, report.packets & 0xFFFFFFFF, report.octets & 0xFFFFFFFF
    )
    return _packet(len(report.reports), SR, body + b"".join(_pack_report(item) for item in report.reports))


def build_sdes(ssrc: int, cname: str) -> bytes:
    name = cname.encode()
    item = struct.pack("!IBB", ssrc, CNAME, len(name)) + name
    return _packet(1, SDES, item + bytes(4 - len(item) % 4))


def ntp_from_unix_us(unix_us: int) -> int:
    """64-bit NTP time."""
    return (NTP_EPOCH_S << 32) + (unix_us << 32) // 1_000_000


def unix_us_from_ntp(ntp: int) -> int:
    return ((ntp - (NTP_EPOCH_S << 32)) * 1_000_000) >> 32


def _pack_report(report: Report) -> bytes:
    lost = max(-0x800000, min(0x7FFFFF, report.lost)) & 0xFFFFFF
    return REPORT.pack(
        report.ssrc,
        report.fraction_lost << 24 | lost,
        report.highest & 0xFFFFFFFF,
        report.jitter & 0xFFFFFFFF,
        report.last_sr,
        report.delay_since_sr & 0xFFFFFFFF,
    )


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return HEAD.pack(0x80 | count, kind, len(body) // 4) + body
