"""Steps over the ledger: each line canonical, in its place, chained, hashed and signed.

`ChainCheck` goes entry by entry. `check_ledger` hands out batches of lines, so that other processes do the work; what
a batch cannot know (hash and key before it) is looked at when its result comes back, in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count as counting
from itertools import islice
from typing import Any

from inspection.domain.canonical import CanonicalError, parse_canonical
from inspection.domain.checkpoints import key_id
from inspection.domain.commitments import is_commitment
from inspection.domain.entry import ENTRY_VERSION, GENESIS, Entry, body_hash, signed_message
from inspection.domain.entry_kinds import KINDS, SERVER_ROLE, payload_problem
from inspection.domain.entry_shapes import Shape, count, digest, instant, name, record, text
from inspection.domain.package_manifest import strict_base64
from inspection.domain.verification import Broken, Code, Problem, VerifySignature, Workers
from inspection.domain.verification_lines import where_entry

BATCH_ENTRIES = 150


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


class ChainCheck:
    """Checks entries one after the other; keeps the place in the chain.

    `keys` are the office's, raw, in their order; a chain begins with the first. In the middle of a chain `head` and
    `key` may be None: not known. Then `first_prev`, `first_key` and `begins_with_change` are what its first entry said.
    """

    def __init__(
        self,
        inspection_id: str,
        keys: Sequence[bytes],
        verify: VerifySignature,
        *,
        seq: int = 0,
        head: str | None = GENESIS,
        key: int | None = 0,
    ) -> None:
        self._inspection_id = inspection_id
        self._keys = keys
        self._verify = verify
        self.seq = seq
        self.head = head
        self.key = key
        self.first_prev: str | None = head
        self.first_key: int | None = key
        self.begins_with_change = False

    def line(self, content: bytes) -> Entry:
        """The entry of a line of `ledger.jsonl`. Raises Broken."""
        try:
            fields = parse_canonical(content)
        except CanonicalError as error:
            raise Broken(Code.LEDGER_UNPARSABLE, where_entry(self.seq + 1)) from error
        return self.fields(fields)

    def fields(self, fields: Any) -> Entry:
        """The entry with these fields. Raises Broken."""
        where = where_entry(self.seq + 1)
        if not isinstance(fields, dict) or fields.keys() != _KEYS or _SHAPE(fields, True) is not None:
            raise Broken(Code.LEDGER_UNPARSABLE, where)
        self._require_place(fields, where)
        self._require_hash(fields, where)
        self._require_signature(fields, where)
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
        if self.head is None:
            self.first_prev = fields["prev"]
        elif fields["prev"] != self.head:
            raise Broken(Code.ENTRY_PREV, where)

    def _require_hash(self, fields: dict[str, Any], where: str) -> None:
        try:
            found = body_hash(fields)
        except CanonicalError as error:
            raise Broken(Code.ENTRY_HASH, where) from error
        if found != fields["hash"]:
            raise Broken(Code.ENTRY_HASH, where)

    def _require_signature(self, fields: dict[str, Any], where: str) -> None:
        if fields["kind"] == "key_changed":
            self._change_key(fields["payload"], where)
        signature = strict_base64(fields["sig"])
        message = signed_message(fields["hash"])
        if self.key is None:
            tried = (n for n, key in enumerate(self._keys) if signature and self._verify(key, signature, message))
            self.key = self.first_key = next(tried, None)
            if self.key is None:
                raise Broken(Code.ENTRY_SIGNATURE, where)
        elif signature is None or not self._verify(self._keys[self.key], signature, message):
            raise Broken(Code.ENTRY_SIGNATURE, where)

    def _change_key(self, said: dict[str, Any], where: str) -> None:
        """A later key of the history takes over with this entry."""
        named = [n for n, key in enumerate(self._keys) if (said.get("n"), said.get("key_id")) == (n, key_id(key))]
        if not named or type(said["n"]) is not int or (self.key is not None and named[0] <= self.key):
            raise Broken(Code.KEY_HISTORY, where)
        n = named[0]
        if self.key is None:
            self.first_key, self.begins_with_change = n, True
        self.key = n


def _require_known(fields: dict[str, Any], where: str) -> None:
    if fields["kind"] not in KINDS:
        raise Broken(Code.ENTRY_KIND_UNKNOWN, where)
    if payload_problem(fields["kind"], fields["payload"]) is not None:
        raise Broken(Code.LEDGER_UNPARSABLE, where)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Lines `first_seq` and on."""

    inspection_id: str
    keys: tuple[bytes, ...]
    verify: VerifySignature
    first_seq: int
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _BatchFound:
    """The entries up to the first problem, and with what the batch began and ended."""

    entries: tuple[Entry, ...]
    problem: Problem | None
    first_seq: int
    first_prev: str | None
    first_key: int | None
    begins_with_change: bool
    head: str | None
    key: int | None


def check_ledger(
    lines: Iterable[bytes], inspection_id: str, keys: Sequence[bytes], verify: VerifySignature, workers: Workers
) -> Iterator[Entry]:
    """The entries in order. Raises Broken at the first that does not hold."""
    asked = _batches(iter(lines), inspection_id, tuple(keys), verify)
    head: str | None = GENESIS
    key: int | None = 0
    for found in workers.ordered(_check_batch, asked):
        _require_joined(found, head, key)
        yield from found.entries
        if found.problem is not None:
            raise Broken(found.problem.code, found.problem.where)
        head, key = found.head, found.key


def _batches(
    lines: Iterator[bytes], inspection_id: str, keys: tuple[bytes, ...], verify: VerifySignature
) -> Iterator[_Batch]:
    for first in counting(1, BATCH_ENTRIES):
        batch = tuple(islice(lines, BATCH_ENTRIES))
        if not batch:
            return
        yield _Batch(inspection_id, keys, verify, first, batch)


def _check_batch(batch: _Batch) -> _BatchFound:
    chain = ChainCheck(batch.inspection_id, batch.keys, batch.verify, seq=batch.first_seq - 1, head=None, key=None)
    entries: list[Entry] = []
    problem: Problem | None = None
    try:
        entries.extend(chain.line(line) for line in batch.lines)
    except Broken as broken:
        problem = broken.problem
    begins = (batch.first_seq, chain.first_prev, chain.first_key, chain.begins_with_change)
    return _BatchFound(tuple(entries), problem, *begins, chain.head, chain.key)


def _require_joined(found: _BatchFound, head: str | None, key: int | None) -> None:
    """What the batch began with follows from the one before; its own first problem may come earlier in an entry."""
    where = where_entry(found.first_seq)
    own = found.problem.code if found.problem is not None and not found.entries else None
    if found.first_prev is None:
        return
    if found.first_prev != head:
        raise Broken(Code.ENTRY_PREV, where)
    if own in (Code.ENTRY_HASH, Code.KEY_HISTORY) or found.first_key is None or key is None:
        return
    if found.begins_with_change:
        if found.first_key <= key:
            raise Broken(Code.KEY_HISTORY, where)
    elif found.first_key != key:
        raise Broken(Code.ENTRY_SIGNATURE, where)
