"""What a phone's page puts behind its encoded frames to sign them: where it stands and what it covers.

`docs/evidence.md`, "Page-signed frames", says the same in words. Pure: bytes in, values out; nothing is verified here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from media.depacketise import EncodedFrame
from media.rtp.h264 import START_CODE

CONTEXT = b"yuntakan-frame-v1\n"
MAGIC = b"YTKF"
VERSION = 1
DIGEST_BYTES = 16
KEY_ID_BYTES = 4
SIGNATURE_BYTES = 64
#: counter, the page's clock (u48 in two parts), stream, number of digests, version, key id, signature.
_FIELDS = struct.Struct(f"!IHIHBB{KEY_ID_BYTES}s{SIGNATURE_BYTES}s")
FIELDS_BYTES = _FIELDS.size

SEI = 6
#: SEI payload type of user_data_unregistered (H.264 annex D.1.7), and the name of ours.
UNREGISTERED = 5
SEI_NAME = bytes.fromhex("b1578f1fd5ec304026572012d93badca")


@dataclass(frozen=True, slots=True)
class Trailer:
    """What a carrier says. `covered`: its own bytes that the signature covers (from the digests to the key id)."""

    counter: int
    page_time_ms: int
    stream: int
    version: int
    key_id: bytes
    digests: tuple[bytes, ...]
    covered: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class SplitFrame:
    """A frame taken apart. `picture`: the bytes that are signed. `is_carrier`: it has a trailer, or a damaged one."""

    picture: bytes
    is_carrier: bool
    trailer: Trailer | None = None


def split_frame(frame: EncodedFrame) -> SplitFrame:
    """The picture and what the page put behind it."""
    return _split_units(frame.units) if frame.units else _split_vp8(frame.content)


def without_signature(content: bytes) -> bytes:
    """A VP8 frame, or an H.264 access unit with start codes, as the encoder gave it: for films."""
    if not content.startswith(START_CODE):
        return _split_vp8(content).picture if content.endswith(MAGIC) else content
    if SEI_NAME not in content:
        return content
    return b"".join(START_CODE + unit for unit in content.split(START_CODE)[1:] if _carried(unit) is None)


def signed_message(fingerprint: bytes, trailer: Trailer, picture: bytes) -> bytes:
    """What the signature of a carrier covers."""
    return CONTEXT + fingerprint + trailer.covered + picture


def parse_trailer(content: bytes, begins_at: int = 0) -> Trailer | None:
    """The trailer at the end of `content` (without its magic), which must not reach before `begins_at`."""
    at = len(content) - FIELDS_BYTES
    if at < begins_at:
        return None
    counter, high, low, stream, count, version, key_id, signature = _FIELDS.unpack_from(content, at)
    start = at - count * DIGEST_BYTES
    if start < begins_at:
        return None
    digests = tuple(content[place : place + DIGEST_BYTES] for place in range(start, at, DIGEST_BYTES))
    covered = content[start : len(content) - SIGNATURE_BYTES]
    return Trailer(counter, high << 32 | low, stream, version, key_id, digests, covered, signature)


def _split_vp8(content: bytes) -> SplitFrame:
    if not content.endswith(MAGIC):
        return SplitFrame(content, False)
    trailer = parse_trailer(content[: -len(MAGIC)], 1)
    if trailer is None:
        return SplitFrame(content, True)
    return SplitFrame(content[: -len(MAGIC) - SIGNATURE_BYTES - len(trailer.covered)], True, trailer)


def _split_units(units: tuple[bytes, ...]) -> SplitFrame:
    carried = [found for unit in units if (found := _carried(unit)) is not None]
    others = [unit for unit in units if _carried(unit) is None] if carried else units
    picture = b"".join(len(unit).to_bytes(4, "big") + unit for unit in others)
    if not carried:
        return SplitFrame(picture, False)
    trailer = parse_trailer(carried[0]) if len(carried) == 1 and others else None
    if trailer is not None and len(trailer.covered) + SIGNATURE_BYTES != len(carried[0]):
        trailer = None
    return SplitFrame(picture, True, trailer)


def _carried(unit: bytes) -> bytes | None:
    """What our SEI unit carries (empty where its lengths lie), None for any other unit."""
    if unit[0] & 31 != SEI:
        return None
    content = unescape(unit[1:])
    size, at = 0, 1
    while at < len(content) and content[at] == 0xFF:
        size, at = size + 0xFF, at + 1
    if content[:1] != bytes([UNREGISTERED]) or content[at + 1 : at + 1 + len(SEI_NAME)] != SEI_NAME:
        return None
    size += content[at]
    begin, end = at + 1 + len(SEI_NAME), at + 1 + size
    return content[begin:end] if content[end:] == b"\x80" else b""


def unescape(content: bytes) -> bytes:
    """Without emulation prevention (H.264 section 7.4.1)."""
    return content.replace(b"\x00\x00\x03", b"\x00\x00")
