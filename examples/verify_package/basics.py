"""What every part needs: how a check fails, canonical JSON, base64, digests and Ed25519."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_INT = 2**53 - 1
MAX_LINE = 1024 * 1024
Members = Mapping[str, memoryview]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_P = 2**255 - 19
_EIGHTH = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
#: y of the points of small order: under such a key nearly everything seems signed.
_SMALL_Y = (0, 1, _P - 1, _EIGHTH, _P - _EIGHTH)


class NoZip(Exception):
    """There is nothing to verify."""


class Broken(Exception):
    """`code`, `where`."""


def need(holds: bool, code: str, where: str) -> None:
    if not holds:
        raise Broken(code, where)


def sha256(content: bytes | memoryview) -> bytes:
    return hashlib.sha256(content).digest()


def canonical(value: Any) -> bytes:
    """RFC 8785 without floats. ValueError for what has no such form."""
    return json.dumps(_ordered(value, 0), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _ordered(value: Any, depth: int) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_INT:
        raise ValueError("too large an integer")
    if isinstance(value, (list, dict)) and depth >= 32:
        raise ValueError("nested too deeply")
    if isinstance(value, list):
        return [_ordered(item, depth + 1) for item in value]
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return {key: _ordered(value[key], depth + 1) for key in keys}
    return value


def parse(content: bytes | memoryview, code: str, where: str) -> Any:
    """The value of canonical bytes, and nothing else."""

    def refuse(_: str) -> Any:
        raise ValueError("no integer")

    try:
        value = json.loads(bytes(content).decode("utf-8"), parse_float=refuse, parse_constant=refuse)
        same = canonical(value) == bytes(content)
    except (ValueError, RecursionError):
        value, same = None, False
    need(same, code, where)
    return value


def fields(content: bytes, keys: str, code: str, where: str) -> dict[str, Any]:
    """A canonical object with just these keys."""
    value = parse(content, code, where)
    need(isinstance(value, dict) and value.keys() == set(keys.split()), code, where)
    return dict(value)


def lines(members: Members, name: str, code: str) -> list[bytes]:
    """The lines of a member, each ended by LF."""
    content = bytes(members[name])
    *found, rest = content.split(b"\n")
    for number, line in enumerate(found, 1):
        need(len(line) <= MAX_LINE, code, where_line(name, number))
    if rest:
        found.append(b"\n")  # no line at all: whoever comes there finds it unparsable
    return found


def where_line(name: str, number: int) -> str:
    return f"{name} {'entry' if name == 'ledger.jsonl' else 'line'} {number}"


def unbase64(text: Any) -> bytes:
    """Base64 that encodes back to itself; nothing for anything else."""
    try:
        raw = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""


def signed(key: bytes, signature: Any, message: bytes) -> bool:
    """Whether the base64 signature fits; never under a key that is no plain point."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    if len(key) != 32 or y >= _P or y in _SMALL_Y:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(unbase64(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def key_id(key: bytes) -> str:
    return sha256(key).hex()[:16]


def is_instant(value: Any) -> bool:
    if not isinstance(value, str) or _INSTANT.fullmatch(value) is None:
        return False
    try:
        datetime.fromisoformat(value.removesuffix("Z"))
    except ValueError:
        return False
    return True


def is_hex(value: Any, digits: int = 64) -> bool:
    return isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{digits}}}", value) is not None


def is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def is_name(value: Any) -> bool:
    return isinstance(value, str) and value != ""
