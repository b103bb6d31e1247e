"""The ledger entry: chained by hash, signed, one chain per inspection.

Fields stand as they do on the wire (`at` and `device_at` are RFC 3339 texts), because they are what was signed.
`hash` is the SHA-256 of the canonical bytes without `hash` and `sig`; `sig` is the Ed25519 signature over
`SIGNING_CONTEXT` followed by the 32 bytes of the hash; `prev` is the hash before, 64 zeros for the first entry.

Personal values stand in the signed form as commitments (`inspection.domain.commitments`). What opens them travels
beside it in `Entry.openings` and is not signed; `opened_json` is for people's screens alone.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from inspection.domain.actor import Actor
from inspection.domain.canonical import canonical_bytes, parse_canonical
from inspection.domain.commitments import ERASED, Draw, Opening, commit_places, pointer, replaced
from inspection.domain.entry_kinds import check_payload, personal_places
from inspection.domain.entry_shapes import Place
from inspection.domain.instants import rfc3339_ms

ENTRY_VERSION = 1
GENESIS = "0" * 64
SIGNING_CONTEXT = b"yuntakan-entry-v1\n"

Sign = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """What somebody did or what happened, before it has a place in the chain.

    `payload` fits its kind (`inspection.domain.entry_kinds`); `device_at` is the device's own time, if it has one.
    """

    kind: str
    actor: Actor
    subject: str | None
    payload: dict[str, Any]
    device_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One signed entry. `actor` has `role`, `id`, `name`, `level`.

    `openings` by JSON pointer: those that are still there and that whoever read the entry may see.
    """

    inspection: str
    seq: int
    kind: str
    actor: dict[str, Any]
    subject: str | None
    at: str
    device_at: str | None
    payload: dict[str, Any]
    prev: str
    hash: str
    sig: str
    v: int = ENTRY_VERSION
    openings: Mapping[str, Opening] = field(default_factory=dict, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The signed form, as it stands in `ledger.jsonl`."""
        return {**self._body(), "hash": self.hash, "sig": self.sig}

    def to_line(self) -> bytes:
        """The canonical bytes of the whole entry, without a line end."""
        return canonical_bytes(self.to_json())

    def opened_json(self) -> dict[str, Any]:
        """The entry with the values in place of the commitments; `{"erased": true}` where nothing opens one."""
        opened = self.to_json()
        for place in self.personal_places():
            held = self.openings.get(pointer(place.path))
            opened = replaced(opened, place.path, dict(ERASED) if held is None else held.value)
        return opened

    def opened_payload(self) -> dict[str, Any]:
        """The payload of `opened_json`."""
        payload: dict[str, Any] = self.opened_json()["payload"]
        return payload

    def personal_places(self) -> list[Place]:
        """Where commitments stand, by the entry's kind."""
        return personal_places(self.kind, str(self.actor.get("role")), self.payload)

    @classmethod
    def from_json(cls, fields: dict[str, Any], openings: Mapping[str, Opening] | None = None) -> Entry:
        """From `to_json`. Raises TypeError where a field is missing or unknown."""
        return cls(**fields, openings=openings or {})

    def _body(self) -> dict[str, Any]:
        return {
            "v": self.v,
            "inspection": self.inspection,
            "seq": self.seq,
            "kind": self.kind,
            "actor": self.actor,
            "subject": self.subject,
            "at": self.at,
            "device_at": self.device_at,
            "payload": self.payload,
            "prev": self.prev,
        }


def seal(
    draft: EntryDraft, inspection_id: str, seq: int, prev: str, at: datetime, sign: Sign, draw: Draw = os.urandom
) -> Entry:
    """The entry at its place in the chain, with the openings of its commitments; `draw` gives their salts.

    Raises PayloadError where the payload does not fit its kind and CanonicalError where it has no canonical bytes:
    both are bugs of the caller.
    """
    check_payload(draft.kind, draft.payload)
    drafted = {
        "v": ENTRY_VERSION,
        "inspection": inspection_id,
        "seq": seq,
        "kind": str(draft.kind),
        "actor": actor_fields(draft.actor),
        "subject": draft.subject,
        "at": rfc3339_ms(at),
        "device_at": None if draft.device_at is None else rfc3339_ms(draft.device_at),
        "payload": draft.payload,
        "prev": prev,
    }
    places = personal_places(draft.kind, draft.actor.role, draft.payload, strict=True)
    body, openings = commit_places(drafted, (place.path for place in places), draw)
    signed = canonical_bytes(body)
    digest = hashlib.sha256(signed)
    signature = base64.b64encode(sign(SIGNING_CONTEXT + digest.digest())).decode("ascii")
    return Entry.from_json({**parse_canonical(signed), "hash": digest.hexdigest(), "sig": signature}, openings)


def body_hash(fields: dict[str, Any]) -> str:
    """The hash that the fields of an entry ought to have."""
    body = {name: value for name, value in fields.items() if name not in ("hash", "sig")}
    return hashlib.sha256(canonical_bytes(body)).hexdigest()


def signed_message(entry_hash: str) -> bytes:
    """What the signature of an entry with this hash covers."""
    return SIGNING_CONTEXT + bytes.fromhex(entry_hash)


def actor_fields(actor: Actor) -> dict[str, str]:
    """The actor as entries name them."""
    return {"role": str(actor.role), "id": actor.id, "name": actor.name, "level": str(actor.level)}
