"""Retransmission payloads (RFC 4588): the original sequence number, then the original payload."""

from __future__ import annotations

import struct

from media.rtp.header import HEADER, payload_offset, strip_padding

SEQUENCE = struct.Struct("!H")


def unwrap_rtx(packet: bytes, ssrc: int, payload_type: int) -> bytes | None:
    """The original packet, or None for a probe that carries only padding. Raises ValueError for a malformed packet."""
    packet = strip_padding(packet)
    offset = payload_offset(packet)
    if len(packet) - offset < 2:
        return None
    first, second, _, timestamp, _ = HEADER.unpack_from(packet)
    (sequence,) = SEQUENCE.unpack_from(packet, offset)
    header = HEADER.pack(first, second & 0x80 | payload_type, sequence, timestamp, ssrc)
    return header + packet[12:offset] + packet[offset + 2 :]


def wrap_rtx(packet: bytes, ssrc: int, payload_type: int, sequence: int) -> bytes:
    """The retransmission of a sent packet, on the retransmission's own SSRC and sequence."""
    offset = payload_offset(packet)
    first, second, original, timestamp, _ = HEADER.unpack_from(packet)
    header = HEADER.pack(first, second & 0x80 | payload_type, sequence & 0xFFFF, timestamp, ssrc)
    return header + packet[12:offset] + SEQUENCE.pack(original) + packet[offset:]
