"""Writes docs/vectors/record.json: known answers of the record's pieces, for whoever writes a verifier.

`python -m tests.inspection.proof.record_vectors`; a test holds the file against what the code says now.
"""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inspection.domain.actor import Actor, Level, Role
from inspection.domain.canonical import canonical_bytes
from inspection.domain.checkpoints import key_id, make_checkpoint
from inspection.domain.commitments import Opening, commit
from inspection.domain.entry import GENESIS, EntryDraft, seal
from inspection.domain.key_history import first_key, next_key
from inspection.domain.merkle import inclusion_proof, root_of
from inspection.domain.package_manifest import sign_manifest
from inspection.domain.receipts import code_of
from inspection.domain.verification_timestamps import challenge_code
from inspection.store.signer import FileSigner

PAGE = Path(__file__).resolve().parents[3] / "docs" / "vectors" / "record.json"
AT = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
SALT = base64.b64encode(bytes(range(16))).decode("ascii")
VALUES: tuple[Any, ...] = (
    {"b": 1, "a": [True, None, "é\u2028\U00020bb7"], "\ufb33": 0, "\U0001f600": 1},
    {"control": "\b\t\n\f\r\"\\/\u001f\u007f", "most": 2**53 - 1, "least": 1 - 2**53},
    [], {}, "", 0,
)  # fmt: skip
COMMITTED: tuple[Any, ...] = ("王芳", "", ["张三", "李四"], {"a": 1})
TREES = (1, 2, 3, 5, 8)


def vectors() -> dict[str, Any]:
    """All of them."""
    old, new = FileSigner(bytes([1]) * 32), FileSigner(bytes([2]) * 32)
    actor = Actor(Role.INSPECTOR, "user1", "李明", Level.ACCOUNT)
    draft = EntryDraft("chat", actor, "session1", {"session_id": "session1", "text": "请把镜头对准招牌"})
    entry = seal(draft, "inspection1", 1, GENESIS, AT, old.sign, lambda count: bytes(range(count)))
    leaves = [hashlib.sha256(f"entry {seq}".encode()).digest() for seq in range(1, 9)]
    head = make_checkpoint("inspection1", 5, root_of(leaves[:5]), AT, old.public_key(), old.sign)
    first = first_key(old.public_key(), AT, old.sign)
    second = next_key(first, new.public_key(), AT, new.sign, old.sign)
    manifest = canonical_bytes({"format_version": 1})
    return {
        "keys": {"private": [(bytes([n]) * 32).hex() for n in (1, 2)], "key_id": key_id(old.public_key())},
        "canonical": [{"value": value, "bytes": canonical_bytes(value).hex()} for value in VALUES],
        "entry": {"line": entry.to_line().decode(), "hash": entry.hash},
        "commitments": [{"salt": SALT, "value": one, **commit(Opening(SALT, one))} for one in COMMITTED],
        "leaves": [leaf.hex() for leaf in leaves],
        "trees": [_tree(leaves, size) for size in TREES],
        "checkpoint": {"line": head.to_line().decode(), "receipt_code": code_of(head)},
        "key_history": [line.to_line().decode() for line in (first, second)],
        "challenge": {
            "root": head.root,
            "challenge_id": "challenge1",
            "code": challenge_code(head.root_bytes, "challenge1"),
        },
        "manifest": {"content": manifest.decode(), "sig": sign_manifest(manifest, old.sign).decode("ascii")},
    }


def _tree(leaves: list[bytes], size: int) -> dict[str, Any]:
    proofs = [[node.hex() for node in inclusion_proof(leaves, index, size)] for index in range(size)]
    return {"size": size, "root": root_of(leaves[:size]).hex(), "inclusion": proofs}


def text() -> str:
    """The file."""
    return json.dumps(vectors(), ensure_ascii=True, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), "ascii")
