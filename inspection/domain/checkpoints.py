"""Checkpoints: signed heads of the tree over an inspection's entries (RFC 6962), for others to hold.

The leaf of entry n is its 32 hash bytes (`inspection.domain.merkle`). The signature covers `CHECKPOINT_CONTEXT` and
the SHA-256 of the canonical bytes without `sig`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inspection.domain.canonical import CanonicalError, canonical_bytes, parse_canonical
from inspection.domain.entry import Sign
from inspection.domain.entry_shapes import Shape, count, digest, instant, name, record
from inspection.domain.instants import rfc3339_ms
from inspection.domain.package_manifest import strict_base64
from inspection.domain.verification import VerifySignature

CHECKPOINT_VERSION = 1
CHECKPOINT_CONTEXT = b"yuntakan-checkpoint-v1\n"
MAX_CHECKPOINT_BYTES = 1024
#: While a session is live, the next checkpoint is due after so many entries or so much time.
CHECKPOINT_ENTRIES = 10
CHECKPOINT_S = 1.0

_SHAPE: Shape = record(v=count, inspection=name, size=count, root=digest, at=instant, key=name, sig=name)
_KEYS = frozenset(("v", "inspection", "size", "root", "at", "key", "sig"))
_KEY_ID_DIGITS = 16


class CheckpointError(ValueError):
    """Bytes that are no checkpoint."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head after `size` entries, from 1. `root` in hex, `at` an RFC 3339 text, `key` a `key_id`, `sig` base64."""

    inspection: str
    size: int
    root: str
    at: str
    key: str
    sig: str
    v: int = CHECKPOINT_VERSION

    def to_json(self) -> dict[str, Any]:
        """As it travels and as it stands in `checkpoints.jsonl`."""
        return {**self._body(), "sig": self.sig}

    def to_line(self) -> bytes:
        """The canonical bytes, without a line end: what a receipt holds and a time stamp covers."""
        return canonical_bytes(self.to_json())

    def signed_message(self) -> bytes:
        """What the signature covers."""
        return CHECKPOINT_CONTEXT + hashlib.sha256(canonical_bytes(self._body())).digest()

    def is_signed_by(self, public_key: bytes, verify: VerifySignature) -> bool:
        """Whether that key (raw, 32 bytes) is the named one and the signature fits."""
        signature = strict_base64(self.sig)
        named = self.key == key_id(public_key)
        return named and signature is not None and verify(public_key, signature, self.signed_message())

    @property
    def root_bytes(self) -> bytes:
        """The root, 32 bytes."""
        return bytes.fromhex(self.root)

    def _body(self) -> dict[str, Any]:
        return {
            "v": self.v,
            "inspection": self.inspection,
            "size": self.size,
            "root": self.root,
            "at": self.at,
            "key": self.key,
        }


def key_id(public_key: bytes) -> str:
    """The short name of a raw public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:_KEY_ID_DIGITS]


def make_checkpoint(
    inspection_id: str, size: int, root: bytes, at: datetime, public_key: bytes, sign: Sign
) -> Checkpoint:
    """Signs the head of the first `size` entries."""
    unsigned = Checkpoint(inspection_id, size, root.hex(), rfc3339_ms(at), key_id(public_key), "")
    signature = base64.b64encode(sign(unsigned.signed_message())).decode("ascii")
    return Checkpoint(unsigned.inspection, size, unsigned.root, unsigned.at, unsigned.key, signature)


def parse_checkpoint(line: bytes) -> Checkpoint:
    """The checkpoint of its canonical bytes, without a line end. Raises CheckpointError for anything else.

    Says nothing about its signature.
    """
    if len(line) > MAX_CHECKPOINT_BYTES:
        raise CheckpointError("longer than a checkpoint")
    try:
        fields = parse_canonical(line)
    except CanonicalError as error:
        raise CheckpointError(str(error)) from error
    if not isinstance(fields, dict) or fields.keys() != _KEYS or _SHAPE(fields, True) is not None:
        raise CheckpointError("not the fields of a checkpoint")
    if fields["v"] != CHECKPOINT_VERSION:
        raise CheckpointError("a checkpoint of another version")
    if fields["size"] < 1:
        raise CheckpointError("a checkpoint of no entry")
    return Checkpoint(**fields)
