"""Secrets: derived where a repeat must give them again, kept as keyed hashes only.

A token is HMAC-SHA256 over its record's random id and the caller's idempotency key, keyed by the server's
pepper. The key itself is kept as a hash only, so that neither the database nor the database with the pepper
gives a token away, and yet the repeat of a command that lost its answer gets the same one.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from inspection.domain.ids import ID_BYTES, base32_id
from inspection.services.ports import Office

_HANDLE_LIFETIME = timedelta(hours=1)


def new_id(office: Office) -> str:
    """A fresh identifier."""
    return base32_id(office.random.token_bytes(ID_BYTES))


def keyed_hash(office: Office, purpose: str, text: str) -> str:
    """HMAC-SHA256 in hex; `purpose` keeps hashes of one kind useless for another."""
    return _mac(office, purpose, text).hex()


def derived_token(office: Office, purpose: str, record_id: str, key: str) -> str:
    """128 bits in base32."""
    return base32_id(_mac(office, purpose, f"{record_id}\n{key}")[:ID_BYTES])


def derived_digits(office: Office, purpose: str, text: str, digits: int) -> str:
    """A number of that many digits, leading zeros kept; 256 bits make its bias negligible."""
    number = int.from_bytes(_mac(office, purpose, text), "big") % 10**digits
    return str(number).zfill(digits)


def random_digits(office: Office, digits: int) -> str:
    """A fresh number of that many digits."""
    return str(int.from_bytes(office.random.token_bytes(16), "big") % 10**digits).zfill(digits)


def csrf_of(office: Office, token: str) -> str:
    """The page's half of a login; useless without the cookie, and the cookie does not give it away."""
    return derived_token(office, "csrf", "", token)


def make_handle(office: Office, invitation_id: str, now: datetime) -> str:
    """What stands for the link's token after a pick-up code: good for an hour, nothing is stored."""
    until = int((now + _HANDLE_LIFETIME).timestamp())
    return f"h.{invitation_id}.{until}.{_handle_mac(office, invitation_id, until)}"


def open_handle(office: Office, handle: str, now: datetime) -> str | None:
    """The invitation's id, or None: forged, garbled, or too old."""
    parts = handle.split(".")
    if len(parts) != 4 or parts[0] != "h" or not (parts[2].isascii() and parts[2].isdigit() and len(parts[2]) < 12):
        return None
    right = hmac.compare_digest(_handle_mac(office, parts[1], int(parts[2])).encode(), parts[3].encode())
    return parts[1] if right and now.timestamp() < int(parts[2]) else None


def _handle_mac(office: Office, invitation_id: str, until: int) -> str:
    return derived_token(office, "handle", invitation_id, str(until))


def _mac(office: Office, purpose: str, text: str) -> bytes:
    message = purpose.encode() + b"\n" + text.encode("utf-8", "surrogatepass")
    return hmac.new(office.pepper, message, hashlib.sha256).digest()
