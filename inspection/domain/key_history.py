"""The history of the ledger's keys: each line names a key and is signed by it and by the key before.

Line n holds the n-th key, from 0. Both signatures cover `KEY_CONTEXT` and the SHA-256 of the canonical bytes without
the two signatures; `prev` is the SHA-256 of the whole line before, so that one line stands for all before it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from inspection.domain.canonical import CanonicalError, canonical_bytes, parse_canonical
from inspection.domain.checkpoints import key_id
from inspection.domain.entry import Sign
from inspection.domain.entry_shapes import Shape, count, digest, instant, name, record
from inspection.domain.instants import rfc3339_ms
from inspection.domain.package_manifest import strict_base64
from inspection.domain.verification import VerifySignature

KEY_VERSION = 1
KEY_CONTEXT = b"yuntakan-key-v1\n"
FIRST_PREV = "0" * 64
PUBLIC_KEY_BYTES = 32
MAX_KEY_LINE_BYTES = 1024

_SHAPE: Shape = record(
    **{"v": count, "n": count, "public_key": name, "from": instant, "prev": digest, "sig_new": name, "sig_old_": name}
)
_KEYS = frozenset(("v", "n", "public_key", "from", "prev", "sig_new", "sig_old"))


class KeyLineError(ValueError):
    """Bytes that are no line of a key history."""


class KeyHistoryError(ValueError):
    """Lines of which each can be read, but which do not hold together; `n` is the first that does not."""

    def __init__(self, n: int, why: str) -> None:
        super().__init__(f"key {n}: {why}")
        self.n = n


@dataclass(frozen=True, slots=True)
class KeyLine:
    """One key: raw public key (32 bytes), `since` an RFC 3339 text (`from` on the wire), signatures in base64."""

    n: int
    public_key: bytes
    since: str
    prev: str
    sig_new: str
    sig_old: str | None
    v: int = KEY_VERSION

    @property
    def key_id(self) -> str:
        """The key's short name."""
        return key_id(self.public_key)

    @property
    def sha256(self) -> str:
        """What the next line names as `prev`."""
        return hashlib.sha256(self.to_line()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """As it stands in `keys.jsonl`."""
        return {**self._body(), "sig_new": self.sig_new, "sig_old": self.sig_old}

    def to_line(self) -> bytes:
        """The canonical bytes, without a line end."""
        return canonical_bytes(self.to_json())

    def signed_message(self) -> bytes:
        """What both signatures cover."""
        return KEY_CONTEXT + hashlib.sha256(canonical_bytes(self._body())).digest()

    def _body(self) -> dict[str, Any]:
        return {
            "v": self.v,
            "n": self.n,
            "public_key": base64.b64encode(self.public_key).decode("ascii"),
            "from": self.since,
            "prev": self.prev,
        }


def first_key(public_key: bytes, at: datetime, sign: Sign) -> KeyLine:
    """Line 0: an office's first key, signed by itself."""
    unsigned = KeyLine(0, public_key, rfc3339_ms(at), FIRST_PREV, "", None)
    return replace(unsigned, sig_new=_signature(unsigned, sign))


def next_key(before: KeyLine, public_key: bytes, at: datetime, sign_new: Sign, sign_old: Sign) -> KeyLine:
    """The line after `before`, which the key of `before` hands over to."""
    unsigned = KeyLine(before.n + 1, public_key, rfc3339_ms(at), before.sha256, "", None)
    return replace(unsigned, sig_new=_signature(unsigned, sign_new), sig_old=_signature(unsigned, sign_old))


def parse_key_line(line: bytes) -> KeyLine:
    """The key of a line's canonical bytes, without a line end. Raises KeyLineError; says nothing about signatures."""
    if len(line) > MAX_KEY_LINE_BYTES:
        raise KeyLineError("longer than a key's line")
    try:
        fields = parse_canonical(line)
    except CanonicalError as error:
        raise KeyLineError(str(error)) from error
    if not isinstance(fields, dict) or fields.keys() != _KEYS or _SHAPE(fields, True) is not None:
        raise KeyLineError("not the fields of a key's line")
    public_key = strict_base64(fields["public_key"])
    if fields["v"] != KEY_VERSION or public_key is None or len(public_key) != PUBLIC_KEY_BYTES:
        raise KeyLineError("a line of another version or without a key")
    return KeyLine(fields["n"], public_key, fields["from"], fields["prev"], fields["sig_new"], fields["sig_old"])


def check_key_history(lines: Sequence[KeyLine], verify: VerifySignature) -> None:
    """Raises KeyHistoryError at the first line that is not in its place, not signed, or brings back an old key."""
    if not lines:
        raise KeyHistoryError(0, "there is no key at all")
    for n, line in enumerate(lines):
        before = lines[n - 1] if n else None
        if line.n != n or line.prev != (before.sha256 if before else FIRST_PREV):
            raise KeyHistoryError(n, "not the line after the one before")
        if not _is_signed(line, line.public_key, line.sig_new, verify):
            raise KeyHistoryError(n, "not signed by its own key")
        if (line.sig_old is None) != (before is None):
            raise KeyHistoryError(n, "only the first line has no key before")
        if before is not None and not _is_signed(line, before.public_key, line.sig_old or "", verify):
            raise KeyHistoryError(n, "not signed by the key before")
        if any(earlier.public_key == line.public_key for earlier in lines[:n]):
            raise KeyHistoryError(n, "an earlier key comes back")


def _signature(line: KeyLine, sign: Sign) -> str:
    return base64.b64encode(sign(line.signed_message())).decode("ascii")


def _is_signed(line: KeyLine, public_key: bytes, signature: str, verify: VerifySignature) -> bool:
    raw = strict_base64(signature)
    return raw is not None and verify(public_key, raw, line.signed_message())
