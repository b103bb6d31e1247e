"""The few fields of an IPv4 packet that a network of ours looks at, and address translation (RFC 1071, RFC 3022)."""

from __future__ import annotations

import socket
import struct

from tests.faults.leg import TCP, UDP

SOURCE_AT, DESTINATION_AT = 12, 16
CHECKSUM_AT = {UDP: 6, TCP: 16}
PORTS = struct.Struct("!HH")


def is_ipv4(packet: bytes) -> bool:
    return len(packet) >= 20 and packet[0] >> 4 == 4


def ports_of(packet: bytes) -> tuple[int, int]:
    """(source, destination) of UDP and TCP; (0, 0) of anything else and of later fragments."""
    start = (packet[0] & 15) * 4
    if packet[9] not in (UDP, TCP) or len(packet) < start + 4 or _is_later_fragment(packet):
        return 0, 0
    source, destination = PORTS.unpack_from(packet, start)
    return source, destination


def with_address(packet: bytes, at: int, address: str) -> bytes:
    """The packet with its source (`SOURCE_AT`) or destination replaced; checksums follow."""
    new, old = socket.inet_aton(address), packet[at : at + 4]
    if new == old:
        return packet
    changed = bytearray(packet)
    changed[at : at + 4] = new
    _adjust(changed, 10, old, new)
    start = (packet[0] & 15) * 4
    place = CHECKSUM_AT.get(packet[9])
    if place is not None and not _is_later_fragment(packet) and changed[start + place : start + place + 2] != b"\0\0":
        _adjust(changed, start + place, old, new)
    return bytes(changed)


def _is_later_fragment(packet: bytes) -> bool:
    return bool((packet[6] << 8 | packet[7]) & 0x1FFF)


def _adjust(packet: bytearray, at: int, old: bytes, new: bytes) -> None:
    """RFC 1624: HC' = ~(~HC + ~m + m')."""
    total = ~(packet[at] << 8 | packet[at + 1]) & 0xFFFF
    for before, after in zip(struct.unpack("!HH", old), struct.unpack("!HH", new), strict=True):
        total += (~before & 0xFFFF) + after
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    packet[at : at + 2] = struct.pack("!H", ~total & 0xFFFF or 0xFFFF)
