"""The RTP header and its extensions (RFC 3550 section 5.1, RFC 8285), read in place without objects."""

from __future__ import annotations

import struct

HEADER = struct.Struct("!BBHII")
HEADER_BYTES = 12
#: Header with one 32-bit word of one-byte extensions: the shape of all that this relay sends on down legs.
HEADER_WITH_EXTENSION = struct.Struct("!BBHIIII")
ONE_BYTE_PROFILE = 0xBEDE
ONE_WORD_EXTENSION = ONE_BYTE_PROFILE << 16 | 1
SECOND_US = 1_000_000


def payload_offset(packet: bytes) -> int:
    """Where the payload begins. Raises ValueError where the header promises more than the packet has."""
    if len(packet) < HEADER_BYTES or packet[0] >> 6 != 2:
        raise ValueError("no RTP packet")
    offset = HEADER_BYTES + ((packet[0] & 15) << 2)
    if packet[0] & 16:
        if offset + 4 > len(packet):
            raise ValueError("header extension is cut off")
        offset += 4 + ((packet[offset + 2] << 8 | packet[offset + 3]) << 2)
    if offset > len(packet):
        raise ValueError("header is longer than the packet")
    return offset


def find_extension(packet: bytes, extension_id: int) -> bytes | None:
    """The value of a header extension in either form of RFC 8285, None where it is absent or malformed."""
    end = payload_offset(packet)
    if not packet[0] & 16:
        return None
    at = HEADER_BYTES + ((packet[0] & 15) << 2)
    profile = packet[at] << 8 | packet[at + 1]
    at += 4
    if profile == ONE_BYTE_PROFILE:
        return _find_one_byte(packet, at, end, extension_id)
    if profile & 0xFFF0 == 0x1000:
        return _find_two_byte(packet, at, end, extension_id)
    return None


def _find_one_byte(packet: bytes, at: int, end: int, extension_id: int) -> bytes | None:
    while at < end:
        element = packet[at]
        if element == 0:
            at += 1
            continue
        found, length = element >> 4, (element & 15) + 1
        if found == 15 or at + 1 + length > end:
            return None
        if found == extension_id:
            return packet[at + 1 : at + 1 + length]
        at += 1 + length
    return None


def _find_two_byte(packet: bytes, at: int, end: int, extension_id: int) -> bytes | None:
    while at < end:
        if packet[at] == 0:
            at += 1
            continue
        if at + 2 > end or at + 2 + packet[at + 1] > end:
            return None
        if packet[at] == extension_id:
            return packet[at + 2 : at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    return None


def abs_send_time(now_us: int) -> int:
    """24 bits of 6.18 fixed-point seconds (abs-send-time of draft-alvestrand-rmcat-remb)."""
    return ((now_us << 18) // SECOND_US) & 0xFFFFFF


def strip_padding(packet: bytes) -> bytes:
    """The packet without its padding and padding bit. Raises ValueError where the padding lies, or for no packet."""
    if len(packet) < HEADER_BYTES:
        raise ValueError("no RTP packet")
    if not packet[0] & 0x20:
        return packet
    padding = packet[-1]
    if padding == 0 or padding > len(packet) - payload_offset(packet):
        raise ValueError("padding is longer than the payload")
    return bytes([packet[0] & 0xDF]) + packet[1 : len(packet) - padding]
