"""What a codec says about its own packets: where a frame begins, what its bytes are, whether it is a key frame.

VP8: RFC 7741. H.264: RFC 6184; a frame is an access unit with start codes (Annex B). Pure, one object a journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from media.rtp.h264 import IDR, PPS, SPS, START_CODE, nal_units
from media.rtp.h264_sps import MAX_SPS_BYTES, sps_size

ACCESS_UNIT_DELIMITER = 9
MAX_PICTURE_SETS = 16

#: A part of a frame: NAL units or pieces of one (whether it begins here, bytes). VP8 has a single piece.
Part = Sequence[tuple[bool, bytes]]


@dataclass(frozen=True, slots=True)
class Joined:
    """A whole frame. `size`: what a key frame promises, (0, 0) where it does not say; None where it is no key frame.

    units: of H.264, the NAL units as they were sent.
    """

    content: bytes
    size: tuple[int, int] | None
    units: tuple[bytes, ...] = ()


class FrameCodec(Protocol):
    #: Whether a packet begins a frame because the one before it ended one.
    follows_ends: bool

    def unpack(self, payload: bytes) -> tuple[bool, Part]:
        """(surely begins a frame, what it adds). Raises ValueError for what is malformed."""

    def join(self, parts: list[Part]) -> Joined:
        """The frame that these packets are, in order and without a hole."""

    def restart(self) -> None:
        """The sender began anew."""

    def kept(self) -> list[str]:
        """What `keep` needs to go on from here."""

    def keep(self, kept: list[str]) -> None:
        """Raises ValueError, TypeError for what `kept` did not give."""


class Vp8Codec:
    follows_ends = False

    def unpack(self, payload: bytes) -> tuple[bool, Part]:
        begins, content = vp8_payload(payload)
        return begins, ((begins, content),)

    def join(self, parts: list[Part]) -> Joined:
        content = b"".join(part[0][1] for part in parts)
        return Joined(content, keyframe_size(content) if is_keyframe(content) else None)

    def restart(self) -> None:
        """Nothing is kept from frame to frame."""

    def kept(self) -> list[str]:
        return []

    def keep(self, kept: list[str]) -> None:
        """Nothing."""


class H264Codec:
    """Keeps the last parameter sets: a sender may send them once, and a picture is no picture without them."""

    follows_ends = True

    def __init__(self) -> None:
        self._sps = b""
        self._pps: dict[bytes, bytes] = {}

    def unpack(self, payload: bytes) -> tuple[bool, Part]:
        units = nal_units(payload)
        begins, first = units[0]
        return begins and first[0] & 31 in (SPS, ACCESS_UNIT_DELIMITER), units

    def join(self, parts: list[Part]) -> Joined:
        units = _whole_units(parts)
        for unit in units:
            self._keep(unit)
        kinds = {unit[0] & 31 for unit in units}
        if IDR not in kinds:
            return Joined(_annex_b(units), None, tuple(units))
        missing = [self._sps, *self._pps.values()] if SPS not in kinds and self._sps else []
        return Joined(_annex_b([*missing, *units]), self._size(), tuple(units))

    def restart(self) -> None:
        self._sps = b""
        self._pps.clear()

    def kept(self) -> list[str]:
        return [unit.hex() for unit in (self._sps, *self._pps.values()) if unit]

    def keep(self, kept: list[str]) -> None:
        self.restart()
        for unit in kept:
            self._keep(bytes.fromhex(unit))

    def _keep(self, unit: bytes) -> None:
        kind = unit[0] & 31
        if len(unit) > MAX_SPS_BYTES:
            return
        if kind == SPS:
            if unit != self._sps:
                self._pps.clear()
            self._sps = unit
        elif kind == PPS and len(self._pps) < MAX_PICTURE_SETS:
            self._pps[unit[1:2]] = unit

    def _size(self) -> tuple[int, int]:
        try:
            return sps_size(self._sps)
        except ValueError:
            return 0, 0


CODECS: dict[str, Callable[[], FrameCodec]] = {"VP8": Vp8Codec, "H264": H264Codec}


def codec_of(name: str) -> FrameCodec:
    """Raises KeyError for a codec that is not known here."""
    return CODECS[name]()


def _whole_units(parts: list[Part]) -> list[bytes]:
    units: list[list[bytes]] = []
    for part in parts:
        for begins, piece in part:
            if begins or not units:
                units.append([piece])
            else:
                units[-1].append(piece)
    return [b"".join(pieces) for pieces in units]


def _annex_b(units: list[bytes]) -> bytes:
    return b"".join(START_CODE + unit for unit in units)


def vp8_payload(payload: bytes) -> tuple[bool, bytes]:
    """(begins a frame, VP8 bytes) of an RTP payload: RFC 7741 section 4.2. Raises ValueError where it is cut off."""
    try:
        first, at = payload[0], 1
        if first & 0x80:
            extensions = payload[1]
            at = 2
            if extensions & 0x80:
                at += 2 if payload[at] & 0x80 else 1
            at += (extensions >> 6 & 1) + (1 if extensions & 0x30 else 0)
    except IndexError as error:
        raise ValueError("payload descriptor is cut off") from error
    if at >= len(payload):
        raise ValueError("payload descriptor is all there is")
    return first & 0x17 == 0x10, payload[at:]


def is_keyframe(frame: bytes) -> bool:
    """RFC 6386 section 9.1: the lowest bit of a key frame is 0, and a start code follows the frame tag."""
    return len(frame) >= 10 and not frame[0] & 1 and frame[3:6] == b"\x9d\x01\x2a"


def keyframe_size(frame: bytes) -> tuple[int, int]:
    """Width and height of a VP8 key frame in pixels (14 bits each)."""
    return int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF
