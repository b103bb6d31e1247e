"""Reads the journal format (version 1) as a stream, only to say whether it is one.

`MAGIC`, u32 length, header JSON, u32 CRC-32 of the header; then records: u32 length of the payload, u8 type, u64
arrival in unix µs, payload, u32 CRC-32 over type, arrival and payload. Big-endian.
"""

from __future__ import annotations

import json
import struct
import zlib

MAGIC = b"YTKJ\x00\x01\r\n"
MAX_HEADER_BYTES = 65_536
MAX_PAYLOAD_BYTES = 65_536
_RECORD_TYPES = (1, 2)
_HEAD = struct.Struct(">IB")
_HEAD_BYTES = 13


class JournalFault(ValueError):
    """Bytes that are no journal."""


class JournalCheck:
    """Takes a journal, or records of it, in pieces. Raises JournalFault at the first byte that cannot be right."""

    def __init__(self, session_id: str, track_id: str, *, has_header: bool = True) -> None:
        self._ids = (session_id, track_id)
        self._rest = b""
        self._in_records = not has_header

    @property
    def is_whole(self) -> bool:
        """Whether it could end here: behind its header and a whole record."""
        return self._in_records and not self._rest

    def feed(self, piece: bytes) -> None:
        """The next piece."""
        self._rest += piece
        if not self._in_records and not self._header():
            return
        self._records()

    def finish(self) -> None:
        """Nothing follows: the last record must be whole."""
        if not self.is_whole:
            raise JournalFault("ends within a record")

    def _header(self) -> bool:
        data = self._rest
        if not MAGIC.startswith(data[: len(MAGIC)]):
            raise JournalFault("does not begin as a journal")
        if len(data) < len(MAGIC) + 4:
            return False
        start = len(MAGIC) + 4
        end = start + int.from_bytes(data[len(MAGIC) : start], "big")
        if end - start > MAX_HEADER_BYTES:
            raise JournalFault("its header is too long")
        if len(data) < end + 4:
            return False
        self._require_header(data[start:end], int.from_bytes(data[end : end + 4], "big"))
        self._rest = data[end + 4 :]
        self._in_records = True
        return True

    def _require_header(self, content: bytes, crc32: int) -> None:
        if zlib.crc32(content) != crc32:
            raise JournalFault("its header is damaged")
        try:
            header = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise JournalFault("its header is no JSON") from error
        if not isinstance(header, dict) or (header.get("session_id"), header.get("track_id")) != self._ids:
            raise JournalFault("it is of another track")

    def _records(self) -> None:
        data, position, end = self._rest, 0, len(self._rest)
        while end - position >= _HEAD_BYTES + 4:
            length, kind = _HEAD.unpack_from(data, position)
            if length > MAX_PAYLOAD_BYTES or kind not in _RECORD_TYPES:
                raise JournalFault("a record has no possible head")
            after = position + _HEAD_BYTES + length
            if after + 4 > end:
                break
            if zlib.crc32(data[position + 4 : after]) != int.from_bytes(data[after : after + 4], "big"):
                raise JournalFault("a record is damaged")
            position = after + 4
        self._rest = data[position:]
