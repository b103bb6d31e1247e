"""The step over receipts that somebody outside holds: the ledger has to contain each of them."""

from __future__ import annotations

from collections.abc import Sequence

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.merkle import roots
from inspection.domain.package_manifest import LEDGER
from inspection.domain.receipts import Receipt, ReceiptCode, receipt_code
from inspection.domain.verification import Code, Problem, ReceiptFound, VerifySignature
from inspection.domain.verification_keys import KeyRing


class ReceiptCheck:
    """Judges receipts against one ledger; `hashes` are those of its entries, raw."""

    def __init__(self, inspection_id: str, hashes: Sequence[bytes], ring: KeyRing, verify: VerifySignature) -> None:
        self._inspection_id = inspection_id
        self._hashes = hashes
        self._ring = ring
        self._verify = verify
        self._roots: list[bytes] = []
        self._sizes: dict[str, int] = {}

    def check(self, receipts: Sequence[Receipt | None]) -> tuple[list[ReceiptFound], Problem | None]:
        """What became of each (None: it could not be read), and the first problem, in the order given."""
        judged = [self._judge(one) for one in receipts]
        fitting = [size for size in judged if isinstance(size, int)]
        found = [
            ReceiptFound(place, _form(one), size if isinstance(size, int) else None)
            for place, (one, size) in enumerate(zip(receipts, judged, strict=True), 1)
        ]
        unread = next((place for place, one in enumerate(receipts, 1) if one is None), None)
        if unread is not None:
            return found, Problem(Code.RECEIPT_UNPARSABLE, f"receipt {unread}")
        for place, (one, size) in enumerate(zip(receipts, judged, strict=True), 1):
            if isinstance(size, Code) and one is not None:
                return found, Problem(size, f"receipt {place}{self._detail(one, size, fitting)}")
        return found, None

    def _judge(self, one: Receipt | None) -> int | Code:
        """The size at which it fits, or what is wrong with it."""
        if one is None:
            return Code.RECEIPT_UNPARSABLE
        if isinstance(one, ReceiptCode):
            return self._sizes_of_codes().get(one.code, Code.RECEIPT_NOT_CONTAINED)
        if one.inspection != self._inspection_id:
            return Code.RECEIPT_INSPECTION
        key = self._ring.find(one.key)
        if key is None or not one.is_signed_by(key, self._verify):
            return Code.RECEIPT_SIGNATURE
        if one.size > len(self._hashes):
            return Code.RECEIPT_AHEAD
        return one.size if self._all_roots()[one.size - 1] == one.root_bytes else Code.RECEIPT_ROOT

    def _detail(self, one: Receipt, code: Code, fitting: Sequence[int]) -> str:
        entries = len(self._hashes)
        if code is Code.RECEIPT_AHEAD:
            return f": {LEDGER} ends at entry {entries}"
        if code not in (Code.RECEIPT_ROOT, Code.RECEIPT_NOT_CONTAINED):
            return ""
        last = one.size if isinstance(one, Checkpoint) else entries
        limit = last if isinstance(one, Checkpoint) else entries + 1
        first = 1 + max((size for size in fitting if size < limit), default=0)
        return f": {LEDGER} entries {first} to {last}"

    def _all_roots(self) -> list[bytes]:
        if not self._roots:
            self._roots = list(roots(self._hashes))
        return self._roots

    def _sizes_of_codes(self) -> dict[str, int]:
        if not self._sizes:
            for size, root in enumerate(self._all_roots(), 1):
                self._sizes.setdefault(receipt_code(self._inspection_id, size, root), size)
        return self._sizes


def _form(one: Receipt | None) -> str:
    return "unknown" if one is None else "code" if isinstance(one, ReceiptCode) else "checkpoint"
