"""The step over `checkpoints.jsonl`: signed heads of the tree, in order, each with the root that the entries give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from inspection.domain.checkpoints import Checkpoint, CheckpointError, parse_checkpoint
from inspection.domain.merkle import Tree
from inspection.domain.package_manifest import CHECKPOINTS, strict_base64
from inspection.domain.verification import Broken, Code, Problem, VerifySignature, Workers
from inspection.domain.verification_keys import KeyRing
from inspection.domain.verification_lines import where_line

BATCH_SIGNATURES = 200

Signed = tuple[bytes, bytes, bytes]
"""Public key, signature, message."""


@dataclass(frozen=True, slots=True)
class SignatureBatch:
    """Signatures that somebody else verifies."""

    verify: VerifySignature
    signed: tuple[Signed, ...]


def verify_batch(batch: SignatureBatch) -> list[bool]:
    """Which of them fit."""
    return [batch.verify(*one) for one in batch.signed]


def verify_many(signed: Iterable[Signed], verify: VerifySignature, workers: Workers) -> Iterator[bool]:
    """Which of them fit, in order."""
    left = iter(signed)
    batches = iter(lambda: tuple(islice(left, BATCH_SIGNATURES)), ())
    for fits in workers.ordered(verify_batch, (SignatureBatch(verify, batch) for batch in batches)):
        yield from fits


@dataclass(slots=True)
class _Read:
    """What can be said line by line; `problem` ends it."""

    checkpoints: list[Checkpoint] = field(default_factory=list)
    problem: Problem | None = None


def check_checkpoints(
    lines: Iterable[bytes],
    inspection_id: str,
    hashes: Sequence[bytes],
    ring: KeyRing,
    verify: VerifySignature,
    workers: Workers,
) -> list[Checkpoint]:
    """The checkpoints; `hashes` are those of all entries, raw. Raises Broken at the first that does not hold."""
    read = _read(lines, inspection_id, len(hashes))
    fits = verify_many([_signed(one, ring) for one in read.checkpoints], verify, workers)
    roots = roots_at([one.size for one in read.checkpoints], hashes)
    for number, (one, is_signed, root) in enumerate(zip(read.checkpoints, fits, roots, strict=True), 1):
        if not is_signed:
            raise Broken(Code.CHECKPOINT_SIGNATURE, where_line(CHECKPOINTS, number))
        if one.root != root.hex():
            raise Broken(Code.CHECKPOINT_ROOT, where_line(CHECKPOINTS, number))
    if read.problem is not None:
        raise Broken(read.problem.code, read.problem.where)
    if not read.checkpoints:
        raise Broken(Code.CHECKPOINT_ORDER, CHECKPOINTS)
    if read.checkpoints[-1].size != len(hashes):
        raise Broken(Code.CHECKPOINT_ORDER, where_line(CHECKPOINTS, len(read.checkpoints)))
    return read.checkpoints


def roots_at(sizes: Sequence[int], hashes: Sequence[bytes]) -> Iterator[bytes]:
    """The root at each size; sizes do not fall."""
    tree = Tree()
    for size in sizes:
        while tree.size < size:
            tree.append(hashes[tree.size])
        yield tree.root()


def _read(lines: Iterable[bytes], inspection_id: str, entries: int) -> _Read:
    read = _Read()
    size, at = 0, ""
    for number, line in enumerate(lines, 1):
        try:
            one = parse_checkpoint(line)
        except CheckpointError:
            read.problem = Problem(Code.CHECKPOINT_UNPARSABLE, where_line(CHECKPOINTS, number))
            break
        if one.inspection != inspection_id:
            read.problem = Problem(Code.CHECKPOINT_UNPARSABLE, where_line(CHECKPOINTS, number))
            break
        if not size < one.size <= entries or one.at < at:
            read.problem = Problem(Code.CHECKPOINT_ORDER, where_line(CHECKPOINTS, number))
            break
        size, at = one.size, one.at
        read.checkpoints.append(one)
    return read


def _signed(one: Checkpoint, ring: KeyRing) -> Signed:
    """A key that is not of the history has no bytes here, and so nothing fits it."""
    return ring.find(one.key) or b"", strict_base64(one.sig) or b"", one.signed_message()
