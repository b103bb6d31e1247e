"""Steps over the ledger: each line canonical, in its place, chained, hashed and signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from inspection.domain.canonical import CanonicalError, parse_canonical
from inspection.domain.commitments import is_commitment
from inspection.domain.entry import ENTRY_VERSION, GENESIS, Entry, body_hash, signed_message
from inspection.domain.entry_kinds import KINDS, SERVER_ROLE, payload_problem
from inspection.domain.entry_shapes import Shape, count, digest, instant, name, record, text
from inspection.domain.package_manifest import LEDGER, strict_base64
from inspection.domain.verification import Broken, Code, VerifySignature

MAX_LINE_BYTES = 1024 * 1024


def _any_object(value: Any, strict: bool) -> str | None:
    return None if isinstance(value, dict) else "is no object"


def _actor(value: Any, strict: bool) -> str | None:
    """The server by its name, a person by a commitment."""
    wrong = _ACTOR(value, strict)
    if wrong is not None:
        return wrong
    named = name(value["name"], strict) is None if value["role"] == SERVER_ROLE else is_commitment(value["name"])
    return None if named else "name is no commitment"


def _anything(value: Any, strict: bool) -> str | None:
    return None


_ACTOR: Shape = record(role=name, id=name, name=_anything, level=name)
_SHAPE: Shape = record(
    v=count,
    inspection=name,
    seq=count,
    kind=name,
    actor=_actor,
    subject_=text,
    at=instant,
    device_at_=instant,
    payload=_any_object,
    prev=digest,
    hash=digest,
    sig=name,
)
_KEYS = frozenset(
    ("v", "inspection", "seq", "kind", "actor", "subject", "at", "device_at", "payload", "prev", "hash", "sig")
)


def where_entry(seq: int) -> str:
    """How a problem names an entry."""
    return f"{LEDGER} entry {seq}"


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends. Raises Broken for a line that is too long or a last one without an end."""
    rest = b""
    lines = 0
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        lines += len(whole)
        yield from whole
        if len(rest) > MAX_LINE_BYTES:
            break
    if rest:
        raise Broken(Code.LEDGER_UNPARSABLE, where_entry(lines + 1))


class ChainCheck:
    """Checks entries one after the other; keeps the place in the chain."""

    def __init__(self, inspection_id: str, public_key: bytes, verify: VerifySignature) -> None:
        self._inspection_id = inspection_id
        self._public_key = public_key
        self._verify = verify
        self.seq = 0
        self.head = GENESIS

    def line(self, content: bytes) -> Entry:
        """The entry of a line of `ledger.jsonl`. Raises Broken."""
        where = where_entry(self.seq + 1)
        try:
            fields = parse_canonical(content)
        except CanonicalError as error:
            raise Broken(Code.LEDGER_UNPARSABLE, where) from error
        return self.fields(fields)

    def fields(self, fields: Any) -> Entry:
        """The entry with these fields. Raises Broken."""
        where = where_entry(self.seq + 1)
        if not isinstance(fields, dict) or fields.keys() != _KEYS or _SHAPE(fields, True) is not None:
            raise Broken(Code.LEDGER_UNPARSABLE, where)
        self._require_place(fields, where)
        self._require_seal(fields, where)
        _require_known(fields, where)
        self.seq, self.head = fields["seq"], fields["hash"]
        return Entry.from_json(fields)

    def _require_place(self, fields: dict[str, Any], where: str) -> None:
        if fields["v"] != ENTRY_VERSION:
            raise Broken(Code.FORMAT_UNKNOWN, where)
        if fields["seq"] != self.seq + 1:
            raise Broken(Code.ENTRY_SEQ, where)
        if fields["inspection"] != self._inspection_id:
            raise Broken(Code.ENTRY_INSPECTION, where)
        if fields["prev"] != self.head:
            raise Broken(Code.ENTRY_PREV, where)

    def _require_seal(self, fields: dict[str, Any], where: str) -> None:
        try:
            found = body_hash(fields)
        except CanonicalError as error:
            raise Broken(Code.ENTRY_HASH, where) from error
        if found != fields["hash"]:
            raise Broken(Code.ENTRY_HASH, where)
        signature = strict_base64(fields["sig"])
        if signature is None or not self._verify(self._public_key, signature, signed_message(fields["hash"])):
            raise Broken(Code.ENTRY_SIGNATURE, where)


def _require_known(fields: dict[str, Any], where: str) -> None:
    if fields["kind"] not in KINDS:
        raise Broken(Code.ENTRY_KIND_UNKNOWN, f"{where} kind {fields['kind'][:40]!r}")
    if payload_problem(fields["kind"], fields["payload"]) is not None:
        raise Broken(Code.LEDGER_UNPARSABLE, where)
