"""Short-lived TURN credentials (the "TURN REST API" that coturn knows as `use-auth-secret`), and their secret's file.

A participant's name is `EXPIRY:PARTICIPANT`, the password is base64(HMAC-SHA1(secret, name)): the TURN server needs
nothing but the same secret and a clock. Nobody keeps them, they run out by themselves, and each person's are their own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: RFC 7065. A host name, an IPv4 address or an IPv6 address in brackets.
_URL = re.compile(r"(turns?):(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?")
DEFAULT_PORTS = {"turn": 3478, "turns": 5349}
SECRET_BYTES = 32
SHORTEST_SECRET = 16


class TurnError(Exception):
    """A TURN setting or secret that cannot be used; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class TurnUrl:
    """`transport`: udp, tcp or tls."""

    text: str
    host: str
    port: int
    transport: str


@dataclass(frozen=True, slots=True)
class TurnCredentials:
    """Makes credentials. `secret` never shows in a representation."""

    urls: tuple[str, ...]
    secret: str = field(repr=False)
    ttl_s: int

    def ice_server(self, participant: str, now_s: float) -> dict[str, Any]:
        """An entry of a browser's `iceServers`, good for `ttl_s` from `now_s` (Unix time)."""
        username = f"{int(now_s) + self.ttl_s}:{participant}"
        return {"urls": list(self.urls), "username": username, "credential": password_of(username, self.secret)}


def password_of(username: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1)  # what the scheme prescribes, with a long key
    return base64.b64encode(digest.digest()).decode()


def parse_turn_url(text: str) -> TurnUrl:
    """Raises ValueError for anything but a TURN address that browsers take."""
    found = _URL.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no address as turns:turn.example.gov.cn:443?transport=tcp")
    scheme, host, port, transport = found.groups()
    number = int(port) if port else DEFAULT_PORTS[scheme]
    if not 0 < number < 65536:
        raise ValueError(f"{text!r} has no valid port")
    if scheme == "turns" and transport == "udp":
        raise ValueError(f"{text!r}: browsers speak TURN over TLS by TCP only")
    return TurnUrl(text, host.strip("[]"), number, "tls" if scheme == "turns" else transport or "udp")


def read_secret(path: Path) -> str:
    """Raises TurnError where the file is not there, others can read it, or it is too short to be a secret."""
    try:
        mode = path.stat().st_mode & 0o777
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TurnError(f"the TURN secret {path} cannot be read: `yuntakan turn-config` makes one") from error
    if mode & 0o077:
        raise TurnError(f"the TURN secret {path} can be read by others (mode {mode:04o}): chmod 600 it")
    if len(secret) < SHORTEST_SECRET or any(character.isspace() for character in secret):
        raise TurnError(f"the TURN secret {path} needs at least {SHORTEST_SECRET} characters without spaces")
    return secret


def load_or_create_secret(path: Path) -> str:
    """The secret of that file; a new one, readable by its owner alone, where there is none. Raises TurnError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(SECRET_BYTES) + "\n", encoding="ascii")
    return read_secret(path)
