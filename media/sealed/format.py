"""Sealed files: what lies on the disk cannot be read, or changed unnoticed, without its key (docs/journal-format.md).

`YTKS` 00 01 0D 0A, a random file id of 16 bytes, then chunks: u32 length n of the content, nonce of 12 bytes, n bytes
of ciphertext, tag of 16 bytes. AES-256-GCM (NIST SP 800-38D) under a key of the file's own, HKDF-SHA256 (RFC 5869) of
the given one with the file id as salt. A chunk's additional data say where in the content it stands and how long it is,
so that chunks cannot be moved, doubled or left out between two others. Big-endian.
"""

from __future__ import annotations

import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"YTKS\x00\x01\r\n"
FILE_ID_BYTES = 16
HEADER_BYTES = len(MAGIC) + FILE_ID_BYTES
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
CHUNK_HEAD_BYTES = 4 + NONCE_BYTES
#: What a chunk is longer than its content.
OVERHEAD_BYTES = CHUNK_HEAD_BYTES + TAG_BYTES
MAX_CHUNK_BYTES = 1 << 20
_INFO = b"yuntakan-sealed-file-v1"
_LENGTH = struct.Struct(">I")
_PLACE = struct.Struct(">QI")


class SealError(ValueError):
    """Bytes that were not sealed with this key, at this place of this file."""


class FileSeal:
    """Seals and opens the chunks of one file."""

    def __init__(self, key: bytes, file_id: bytes) -> None:
        """`key` has 32 bytes. Two files with one key have different file ids."""
        own = HKDF(SHA256(), KEY_BYTES, salt=file_id, info=_INFO).derive(key)
        self._cipher = AESGCM(own)
        self._file_id = file_id

    @property
    def header(self) -> bytes:
        """How the file begins."""
        return MAGIC + self._file_id

    def seal(self, content: bytes, offset: int, nonce: bytes) -> bytes:
        """The chunk for `content` at `offset` of the whole. The nonce is random: 12 bytes, never used before."""
        if not 0 < len(content) <= MAX_CHUNK_BYTES:
            raise ValueError("a chunk holds 1 byte to 1 MiB")
        sealed = self._cipher.encrypt(nonce, content, self._place(offset, len(content)))
        return _LENGTH.pack(len(content)) + nonce + sealed

    def open(self, chunk: bytes, offset: int) -> bytes:
        """The content of a whole chunk. Raises SealError."""
        length = chunk_length(chunk)
        if length is None or len(chunk) != length + OVERHEAD_BYTES:
            raise SealError("no chunk")
        nonce = chunk[_LENGTH.size : CHUNK_HEAD_BYTES]
        try:
            return self._cipher.decrypt(nonce, chunk[CHUNK_HEAD_BYTES:], self._place(offset, length))
        except InvalidTag:
            raise SealError("the seal does not hold") from None

    def _place(self, offset: int, length: int) -> bytes:
        return self.header + _PLACE.pack(offset, length)


def parse_header(head: bytes) -> bytes | None:
    """The file id; None for a file that is not sealed."""
    if head[: len(MAGIC)] != MAGIC or len(head) < HEADER_BYTES:
        return None
    return head[len(MAGIC) : HEADER_BYTES]


def chunk_length(head: bytes) -> int | None:
    """The length of the content of a chunk that begins so; None where none does."""
    if len(head) < _LENGTH.size:
        return None
    length: int = _LENGTH.unpack_from(head)[0]
    return length if 0 < length <= MAX_CHUNK_BYTES else None
