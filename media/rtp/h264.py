"""H.264 in RTP (RFC 6184, packetization mode 1): NAL units from payloads, and how to know the start of a key frame."""

from __future__ import annotations

#: NAL unit types of H.264 (table 7-1), and the packet types of RFC 6184 (table 1).
IDR, SPS, PPS = 5, 7, 8
LAST_SINGLE = 23
STAP_A, FU_A = 24, 28
START_CODE = b"\x00\x00\x00\x01"
#: An IDR picture, or the parameter sets that senders put right before it.
KEYFRAME_TYPES = (IDR, SPS)


def begins_h264_keyframe(packet: bytes, offset: int) -> bool:
    """Whether the payload at `offset` begins an IDR picture or its parameter sets. False for what is cut off."""
    end = len(packet)
    if offset >= end:
        return False
    kind = packet[offset] & 31
    if kind == STAP_A:
        return _stap_holds_keyframe(packet, offset + 1, end)
    if kind == FU_A:
        return offset + 1 < end and packet[offset + 1] & 0x80 != 0 and packet[offset + 1] & 31 in KEYFRAME_TYPES
    return kind in KEYFRAME_TYPES


def _stap_holds_keyframe(packet: bytes, at: int, end: int) -> bool:
    while at + 2 < end:
        if packet[at + 2] & 31 in KEYFRAME_TYPES:
            return True
        at += 2 + (packet[at] << 8 | packet[at + 1])
    return False


def nal_units(payload: bytes) -> list[tuple[bool, bytes]]:
    """The NAL units, or the fragment of one, in a payload: (whether it begins here, its bytes).

    A fragment that does not begin here goes on the unit before it. Raises ValueError where lengths lie or the packet
    type is none of packetization mode 1.
    """
    if len(payload) < 2:
        raise ValueError("too short for a NAL unit")
    kind = payload[0] & 31
    if payload[0] & 0x80:
        raise ValueError("the forbidden bit is set")
    if 0 < kind <= LAST_SINGLE:
        return [(True, payload)]
    if kind == STAP_A:
        return [(True, unit) for unit in _aggregated(payload)]
    if kind == FU_A:
        return [_fragment(payload)]
    raise ValueError(f"packet type {kind} is not taken")


def _aggregated(payload: bytes) -> list[bytes]:
    units: list[bytes] = []
    at, end = 1, len(payload)
    while at < end:
        size = int.from_bytes(payload[at : at + 2], "big")
        at += 2
        if size == 0 or at + size > end:
            raise ValueError("an aggregated unit is longer than its packet")
        units.append(payload[at : at + size])
        at += size
    if any(not 0 < unit[0] & 31 <= LAST_SINGLE for unit in units):
        raise ValueError("an aggregate in an aggregate")
    return units


def _fragment(payload: bytes) -> tuple[bool, bytes]:
    if len(payload) < 3:
        raise ValueError("a fragment without content")
    indicator, header = payload[0], payload[1]
    kind = header & 31
    if header & 0xC0 == 0xC0 or not 0 < kind <= LAST_SINGLE:
        raise ValueError("no possible fragment")
    if header & 0x80:
        return True, bytes([indicator & 0xE0 | kind]) + payload[2:]
    return False, payload[2:]
