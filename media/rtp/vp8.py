"""The VP8 payload descriptor (RFC 7741 section 4.2): read in place, and written with other numbers."""

from __future__ import annotations

from typing import NamedTuple

ABSENT = -1
SHORT_BITS, LONG_BITS, TL0_BITS = 7, 15, 8


class Vp8Descriptor(NamedTuple):
    """What a payload says of its frame. `size`: bytes of the descriptor. Numbers are ABSENT where it does not say them.

    begins: the payload is the first of its frame. picture_bits: 7 or 15, 0 without a PictureID. picture_at and tl0_at:
    where the numbers stand, counted from the payload's beginning. layer_sync: Y, the frame depends on
    the base layer only.
    """

    size: int
    begins: bool
    picture_id: int
    picture_bits: int
    picture_at: int
    tl0: int
    tl0_at: int
    temporal_id: int
    layer_sync: bool

    @property
    def is_layered(self) -> bool:
        """Whether the frame says all that is needed to leave out layers: PictureID, TL0PICIDX and TID."""
        return self.picture_id >= 0 and self.tl0 >= 0 and self.temporal_id >= 0


PLAIN = (ABSENT, 0, ABSENT, ABSENT, ABSENT, ABSENT, False)


def parse_descriptor(packet: bytes, offset: int) -> Vp8Descriptor | None:
    """The descriptor of the payload at `offset`, None where it is cut off or nothing follows it."""
    end = len(packet)
    if not 0 <= offset < end:
        return None
    first = packet[offset]
    begins = first & 0x17 == 0x10
    if not first & 0x80:
        return Vp8Descriptor(1, begins, *PLAIN) if offset + 1 < end else None
    if offset + 1 >= end:
        return None
    return _parse_extensions(packet, offset, end, begins, packet[offset + 1])


def _parse_extensions(packet: bytes, offset: int, end: int, begins: bool, extensions: int) -> Vp8Descriptor | None:
    """X is set: I, L, T and K say which of the four fields are there, in this order."""
    at = offset + 2
    picture_id, bits, picture_at = ABSENT, 0, ABSENT
    if extensions & 0x80:
        if at + 1 >= end:
            return None
        picture_at, picture_id, bits = at - offset, packet[at], SHORT_BITS
        if picture_id & 0x80:
            picture_id, bits = (picture_id & 0x7F) << 8 | packet[at + 1], LONG_BITS
        at += bits + 1 >> 3
    tl0_at = at if extensions & 0x40 else ABSENT
    layers_at = at + (extensions >> 6 & 1)
    size = layers_at + (1 if extensions & 0x30 else 0) - offset
    if offset + size >= end:
        return None
    layers = packet[layers_at] if extensions & 0x20 else 0
    return Vp8Descriptor(
        size,
        begins,
        picture_id,
        bits,
        picture_at,
        packet[tl0_at] if tl0_at >= 0 else ABSENT,
        tl0_at - offset if tl0_at >= 0 else ABSENT,
        layers >> 6 if extensions & 0x20 else ABSENT,
        bool(layers & 0x20),
    )


def with_numbers(payload: bytes, descriptor: Vp8Descriptor, picture_id: int, tl0: int) -> bytes:
    """The payload with these numbers, cut to the width it has. A number that it does not carry is ignored."""
    changed = bytearray(payload)
    at = descriptor.picture_at
    if descriptor.picture_bits == LONG_BITS:
        changed[at] = 0x80 | picture_id >> 8 & 0x7F
        changed[at + 1] = picture_id & 0xFF
    elif descriptor.picture_bits == SHORT_BITS:
        changed[at] = picture_id & 0x7F
    if descriptor.tl0_at >= 0:
        changed[descriptor.tl0_at] = tl0 & 0xFF
    return bytes(changed)


def write_descriptor(
    *,
    begins: bool,
    picture_id: int = ABSENT,
    tl0: int = ABSENT,
    temporal_id: int = ABSENT,
    layer_sync: bool = False,
    picture_bits: int = LONG_BITS,
    key_index: int = ABSENT,
) -> bytes:
    """A descriptor that says this much."""
    flags = (
        (0x80 if picture_id >= 0 else 0)
        | (0x40 if tl0 >= 0 else 0)
        | (0x20 if temporal_id >= 0 else 0)
        | (0x10 if key_index >= 0 else 0)
    )
    first = 0x10 if begins else 0
    if not flags:
        return bytes([first])
    out = bytearray([0x80 | first, flags])
    if picture_id >= 0:
        long = picture_bits == LONG_BITS
        out += bytes([0x80 | picture_id >> 8 & 0x7F, picture_id & 0xFF]) if long else bytes([picture_id & 0x7F])
    if tl0 >= 0:
        out.append(tl0 & 0xFF)
    if temporal_id >= 0 or key_index >= 0:
        out.append(max(temporal_id, 0) << 6 | layer_sync << 5 | max(key_index, 0) & 0x1F)
    return bytes(out)


def unwrap_bits(last: int, value: int, bits: int) -> int:
    """The number nearest to `last` whose low `bits` bits are `value`."""
    span = 1 << bits
    delta = (value - last) & (span - 1)
    return last + delta if delta < span >> 1 else last + delta - span
