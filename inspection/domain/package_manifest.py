"""The manifest of an exported package: names, lengths and digests of all members, under the ledger's signature."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inspection.domain.canonical import CanonicalError, canonical_bytes, parse_canonical
from inspection.domain.entry import Sign
from inspection.domain.entry_shapes import count, digest, instant, list_of, name, one_of, record, text
from inspection.domain.package_withheld import AUDIENCES, Withheld
from inspection.domain.verification import Broken, Code

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
LEDGER = "ledger.jsonl"
OPENINGS = "openings.jsonl"
CHECKPOINTS = "checkpoints.jsonl"
KEYS = "keys.jsonl"
README = "README.txt"
REPORT = "report.pdf"
CERTIFICATES = "certificates/"
#: A session's film for viewing is in one of these, after what its phone sent.
VIEWING_SUFFIXES = ("webm", "mp4")
MANIFEST_CONTEXT = b"yuntakan-manifest-v1\n"
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
SIGNATURE_BYTES = 88

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_SHAPE = record(
    format_version=count,
    inspection=record(id=name, number=text),
    audience=one_of(*AUDIENCES),
    withheld=list_of(lambda value, strict: None),
    created_at=instant,
    product=text,
    public_key=name,
    ledger=record(entries=count, head=digest),
    members=list_of(record(name=name, bytes=count, sha256=digest)),
)


@dataclass(frozen=True, slots=True)
class Member:
    """One member with the length and the SHA-256 of its content."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`public_key` is raw Ed25519 (32 bytes), the office's newest; `members` are all but manifest and signature."""

    inspection_id: str
    number: str
    created_at: str
    product: str
    public_key: bytes
    entries: int
    head: str
    members: tuple[Member, ...]
    audience: str = "office"
    withheld: tuple[Withheld, ...] = ()

    def to_bytes(self) -> bytes:
        """The canonical bytes that are signed."""
        return canonical_bytes(
            {
                "format_version": FORMAT_VERSION,
                "inspection": {"id": self.inspection_id, "number": self.number},
                "audience": self.audience,
                "withheld": [one.to_json() for one in self.withheld],
                "created_at": self.created_at,
                "product": self.product,
                "public_key": base64.b64encode(self.public_key).decode("ascii"),
                "ledger": {"entries": self.entries, "head": self.head},
                "members": [{"name": m.name, "bytes": m.size_bytes, "sha256": m.sha256} for m in self.members],
            }
        )


def is_plain_name(name_: str) -> bool:
    """Whether a member may be named so: relative, ASCII, no dots in front, at most 200 characters."""
    return len(name_) <= 200 and _NAME.fullmatch(name_) is not None


def manifest_message(content: bytes) -> bytes:
    """What the signature of a manifest with this content covers."""
    return MANIFEST_CONTEXT + hashlib.sha256(content).digest()


def sign_manifest(content: bytes, sign: Sign) -> bytes:
    """The content of `manifest.sig`."""
    return base64.b64encode(sign(manifest_message(content)))


def parse_manifest(content: bytes) -> Manifest:
    """Raises Broken: `manifest_unparsable`, `format_unknown`."""
    try:
        fields = parse_canonical(content)
    except CanonicalError as error:
        raise Broken(Code.MANIFEST_UNPARSABLE, MANIFEST) from error
    _require_known_format(fields)
    if _SHAPE(fields, False) is not None:
        raise Broken(Code.MANIFEST_UNPARSABLE, MANIFEST)
    return Manifest(
        inspection_id=fields["inspection"]["id"],
        number=fields["inspection"]["number"],
        created_at=fields["created_at"],
        product=fields["product"],
        public_key=_public_key(fields["public_key"]),
        entries=fields["ledger"]["entries"],
        head=fields["ledger"]["head"],
        members=_members(fields["members"]),
        audience=fields["audience"],
        withheld=_withheld(fields["withheld"]),
    )


def is_certificate(name: str) -> bool:
    """Whether a member may hold certificates to build chains with."""
    return name.startswith(CERTIFICATES) and name.endswith(".pem")


def strict_base64(text_: str | bytes) -> bytes | None:
    """The bytes of canonical base64; None for anything that does not encode to itself."""
    try:
        raw = base64.b64decode(text_, validate=True)
    except (binascii.Error, ValueError):
        return None
    same = text_ if isinstance(text_, bytes) else text_.encode("ascii")
    return raw if base64.b64encode(raw) == same else None


def _require_known_format(fields: Any) -> None:
    version = fields.get("format_version") if isinstance(fields, dict) else None
    if not isinstance(version, int) or isinstance(version, bool):
        raise Broken(Code.MANIFEST_UNPARSABLE, MANIFEST)
    if version != FORMAT_VERSION:
        raise Broken(Code.FORMAT_UNKNOWN, MANIFEST)


def _public_key(text_: str) -> bytes:
    raw = strict_base64(text_)
    if raw is None or len(raw) != 32:
        raise Broken(Code.MANIFEST_UNPARSABLE, f"{MANIFEST} public_key")
    return raw


def _withheld(listed: Sequence[Any]) -> tuple[Withheld, ...]:
    found: list[Withheld] = []
    for place, fields in enumerate(listed):
        try:
            found.append(Withheld.from_json(fields))
        except ValueError as error:
            raise Broken(Code.MANIFEST_UNPARSABLE, f"{MANIFEST} withheld {place}") from error
    return tuple(found)


def _members(listed: Sequence[dict[str, Any]]) -> tuple[Member, ...]:
    members = tuple(Member(one["name"], one["bytes"], one["sha256"]) for one in listed)
    names = {member.name.casefold() for member in members}
    if len(names) != len(members) or not all(is_plain_name(member.name) for member in members):
        raise Broken(Code.MANIFEST_UNPARSABLE, f"{MANIFEST} members")
    return members
