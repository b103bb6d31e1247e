"""Holds the kept checkpoints and the history of keys against the entries, for `inspection.services.check`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import Entry
from inspection.domain.key_history import KeyHistoryError, KeyLine, check_key_history
from inspection.domain.verification import Code, VerifySignature
from inspection.domain.verification_checkpoints import roots_at
from inspection.domain.verification_keys import KeyRing


def head_faults(
    checkpoints: Sequence[Checkpoint], entries: Sequence[Entry], keys: Sequence[KeyLine], verify: VerifySignature
) -> Iterator[tuple[str, str]]:
    """Code and place of each checkpoint that is not of these entries or not signed, and of a history that breaks."""
    try:
        if keys:
            check_key_history(keys, verify)
    except KeyHistoryError as error:
        yield Code.KEY_HISTORY, f"key {error.n}"
    ring = KeyRing([line.public_key for line in keys])
    hashes = [bytes.fromhex(entry.hash) for entry in entries]
    covered = [one for one in checkpoints if one.size <= len(hashes)]
    for one, root in zip(covered, roots_at([one.size for one in covered], hashes), strict=True):
        if not one.is_signed_by(ring.find(one.key) or b"", verify):
            yield Code.CHECKPOINT_SIGNATURE, f"checkpoint {one.size}"
        elif one.root != root.hex():
            yield Code.CHECKPOINT_ROOT, f"checkpoint {one.size}"
    for one in checkpoints[len(covered) :]:
        yield Code.CHECKPOINT_ORDER, f"checkpoint {one.size}"
