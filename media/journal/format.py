"""The journal file, format version 1: bytes in, bytes out. `docs/journal-format.md` says the same in words.

`YTKJ\\x00\\x01\\r\\n`, u32 length and UTF-8 JSON of the header, u32 CRC-32 of that JSON; then records: u32 length of
the payload, u8 type, u64 arrival in unix µs, payload, u32 CRC-32 over type, arrival and payload. All big-endian.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

from media.events import Role, TrackKind

MAGIC = b"YTKJ\x00\x01\r\n"
FORMAT_VERSION = 1
#: One RTP packet as it was after decryption.
RTP = 1
#: One RTCP compound packet that begins with a sender report, after decryption.
SENDER_REPORT = 2
MAX_HEADER_BYTES = 65_536
MAX_PAYLOAD_BYTES = 65_536
RECORD_OVERHEAD_BYTES = 17

_LENGTH = struct.Struct("!I")
_RECORD_HEAD = struct.Struct("!IBQ")
_HEAD_BYTES = _RECORD_HEAD.size


class JournalError(ValueError):
    """Bytes that are no journal of this version."""


class DamagedRecordError(JournalError):
    """The journal is one up to a record that can never become right."""


@dataclass(frozen=True, slots=True)
class JournalHeader:
    """What a journal holds: one track, as one participant sent it."""

    session_id: str
    track_id: str
    participant_id: str
    role: Role
    kind: TrackKind
    codec: str
    clock_rate: int
    payload_type: int
    ssrc: int
    created_us: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `end` is the offset of the byte after it in the file."""

    kind: int
    arrival_us: int
    payload: bytes
    end: int


def encode_header(header: JournalHeader) -> bytes:
    fields: dict[str, Any] = {"format_version": FORMAT_VERSION, **asdict(header)}
    content = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return MAGIC + _LENGTH.pack(len(content)) + content + _LENGTH.pack(crc32(content))


def decode_header(data: bytes) -> tuple[JournalHeader, int]:
    """The header and the offset of the first record. Raises JournalError, also where `data` ends too early."""
    if data[: len(MAGIC)] != MAGIC:
        raise JournalError("does not begin as a journal of version 1")
    start = len(MAGIC) + _LENGTH.size
    if len(data) < start:
        raise JournalError("ends within its header")
    end = start + _LENGTH.unpack_from(data, len(MAGIC))[0]
    if end - start > MAX_HEADER_BYTES or len(data) < end + _LENGTH.size:
        raise JournalError("ends within its header")
    if crc32(data[start:end]) != _LENGTH.unpack_from(data, end)[0]:
        raise JournalError("its header is damaged")
    return _header_from(data[start:end]), end + _LENGTH.size


def _header_from(content: bytes) -> JournalHeader:
    try:
        fields = json.loads(content)
        if fields.pop("format_version") != FORMAT_VERSION:
            raise JournalError("another format version")
        return JournalHeader(**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise JournalError(f"its header cannot be read: {error}") from error


def encode_record(kind: int, arrival_us: int, payload: bytes) -> bytes:
    head = _RECORD_HEAD.pack(len(payload), kind, arrival_us)
    return head + payload + _LENGTH.pack(crc32(payload, crc32(head[4:])))


def decode_records(data: bytes, file_offset: int = 0) -> Iterator[Record]:
    """The whole records at the start of `data`; ends silently where one is not whole (yet).

    `file_offset` is where `data` begins in the file. Raises DamagedRecordError at a record that can never become right.
    """
    at, size = 0, len(data)
    while size - at >= RECORD_OVERHEAD_BYTES:
        length, kind, arrival_us = _RECORD_HEAD.unpack_from(data, at)
        if length > MAX_PAYLOAD_BYTES or kind not in (RTP, SENDER_REPORT):
            raise DamagedRecordError(f"no possible record at {file_offset + at}")
        tail = at + _HEAD_BYTES + length
        if tail + _LENGTH.size > size:
            return
        if crc32(data[at + 4 : tail]) != _LENGTH.unpack_from(data, tail)[0]:
            raise DamagedRecordError(f"a damaged record at {file_offset + at}")
        payload = data[at + _HEAD_BYTES : tail]
        at = tail + _LENGTH.size
        yield Record(kind, arrival_us, payload, file_offset + at)
