"""Writes docs/vectors/receipts.json: heads, codes and consistency proofs for whoever writes a reader of them.

`python -m tests.inspection.proof.receipt_vectors`; a test holds the file against what the code says now.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from inspection.domain.checkpoints import Checkpoint, make_checkpoint
from inspection.domain.key_history import KeyLine, first_key, next_key
from inspection.domain.merkle import consistency_proof, root_of
from inspection.domain.receipts import code_of, groups_of
from inspection.store.signer import FileSigner

PAGE = Path(__file__).resolve().parents[3] / "docs" / "vectors" / "receipts.json"
START = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
INSPECTION = "yuntakanreceiptvectors2345"
SIZES = (1, 2, 3, 4, 6, 7, 8, 12, 16, 21, 32, 33)
LEAVES = [hashlib.sha256(f"entry {seq}".encode()).digest() for seq in range(1, SIZES[-1] + 1)]


def signer_of(seed: int = 1) -> FileSigner:
    return FileSigner(bytes([seed]) * 32)


def head(size: int, leaves: list[bytes] = LEAVES, seed: int = 1) -> Checkpoint:
    """The signed head of the first `size` leaves, a second an entry."""
    signer = signer_of(seed)
    at = START + timedelta(seconds=size)
    return make_checkpoint(INSPECTION, size, root_of(leaves[:size]), at, signer.public_key(), signer.sign)


def keys() -> list[KeyLine]:
    """The office's first key and the one that took over."""
    one, two = signer_of(1), signer_of(2)
    first = first_key(one.public_key(), START, one.sign)
    return [first, next_key(first, two.public_key(), START + timedelta(days=1), two.sign, one.sign)]


def proof(first: int, second: int) -> list[str]:
    return [node.hex() for node in consistency_proof(LEAVES, first, second)]


def vectors() -> dict[str, Any]:
    heads = [head(size) for size in SIZES]
    return {
        "what": "heads over leaves SHA-256('entry 1'), SHA-256('entry 2') …, their receipt codes, proofs between them",
        "public_key": base64.b64encode(signer_of().public_key()).decode("ascii"),
        "receipts": [
            {"line": one.to_line().decode("ascii"), "code": code_of(one), "shown": "-".join(groups_of(code_of(one)))}
            for one in heads
        ],
        "keys": [line.to_line().decode("ascii") for line in keys()],
        "by_the_second_key": head(33, seed=2).to_line().decode("ascii"),
        "consistency": [
            {"first": first, "second": second, "proof": proof(first, second)}
            for first in SIZES
            for second in SIZES
            if first <= second
        ],
    }


def text() -> str:
    return json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text(), encoding="utf-8")
