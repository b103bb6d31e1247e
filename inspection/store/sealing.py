"""AES-256-GCM over single values: each under a key of its inspection and retention class, bound to its place.

Sealed: 12 random bytes of nonce, the ciphertext, 16 bytes of tag. The associated data name table, row, column and key,
so that a value moved to another place does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from inspection.services.privacy_ports import DataKey

KEY_BYTES = 32
NONCE_BYTES = 12
_CELL_CONTEXT = "yuntakan-cell-v1"
_SEALED = re.compile(r"([a-z2-7]{26}):[A-Za-z0-9+/]+={0,2}")


class SealError(Exception):
    """A value that does not open: another key, another place, changed bytes, or never sealed. Says nothing of it."""


def seal(secret: bytes, plain: bytes, about: bytes) -> bytes:
    """The sealed bytes; `about` is the associated data."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(secret).encrypt(nonce, plain, about)


def unseal(secret: bytes, sealed: bytes, about: bytes) -> bytes:
    """What was sealed. Raises SealError."""
    try:
        return AESGCM(secret).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], about)
    except (InvalidTag, ValueError) as error:
        raise SealError("a sealed value does not open") from error


def cell(table: str, row: str, column: str, key_id: str) -> bytes:
    """The associated data of a value in the database."""
    return "\0".join((_CELL_CONTEXT, table, row, column, key_id)).encode()


def seal_text(key: DataKey, text: str, table: str, row: str, column: str) -> str:
    """`<key id>:<base64>`, which fits a column of text."""
    sealed = seal(key.secret, text.encode("utf-8"), cell(table, row, column, key.id))
    return f"{key.id}:{base64.b64encode(sealed).decode('ascii')}"


def key_id_of(sealed: str) -> str:
    """The id of the key that opens a sealed text. Raises SealError for one that is none: it was not erased."""
    found = _SEALED.fullmatch(sealed)
    if found is None:
        raise SealError("a value in the database is not sealed")
    return found[1]


def unseal_text(key: DataKey, sealed: str, table: str, row: str, column: str) -> str:
    """The text again. Raises SealError."""
    try:
        raw = base64.b64decode(sealed.partition(":")[2], validate=True)
    except binascii.Error as error:
        raise SealError("a sealed value is no base64") from error
    return unseal(key.secret, raw, cell(table, row, column, key.id)).decode("utf-8")


def number_index(key: DataKey, what: str, number: str) -> str:
    """HMAC-SHA256 in hex, by which a whole number is found again; `what` keeps kinds of numbers apart."""
    return hmac.new(key.secret, f"yuntakan-index-v1\n{what}\n{number}".encode(), hashlib.sha256).hexdigest()
