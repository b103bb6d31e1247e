"""Identifiers and the written forms of secrets."""

from __future__ import annotations

import base64

ID_BYTES = 16


def base32_id(random_bytes: bytes) -> str:
    """26 lower-case base32 characters (RFC 4648, no padding) of 128 bits."""
    if len(random_bytes) != ID_BYTES:
        raise ValueError("an id has 128 bits")
    return base64.b32encode(random_bytes).decode("ascii").rstrip("=").lower()


def lookup_number(still_id: str) -> str:
    """The short number on a stamp, `7KQ2-M4XD`: for looking a still up, never a credential."""
    return f"{still_id[:4]}-{still_id[4:8]}".upper()
