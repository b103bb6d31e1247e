"""The published known answers are what the code says, and what the independent verifier makes of them."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from examples.verify_package import basics
from examples.verify_package import record as independent
from tests.inspection.proof import record_vectors

pytestmark = pytest.mark.unit
SAID = json.loads(record_vectors.PAGE.read_text("ascii"))
KEYS = [
    Ed25519PrivateKey.from_private_bytes(bytes.fromhex(one)).public_key().public_bytes_raw()
    for one in SAID["keys"]["private"]
]


def test_the_published_answers_are_those_of_the_code():
    assert record_vectors.PAGE.read_text("ascii") == record_vectors.text()


def test_canonical_bytes_are_made_and_read_by_the_independent_verifier():
    for one in SAID["canonical"]:
        assert basics.canonical(one["value"]).hex() == one["bytes"]
        assert basics.parse(bytes.fromhex(one["bytes"]), "", "") == one["value"]


def test_an_entry_and_its_signature_hold():
    entry = json.loads(SAID["entry"]["line"])
    body = {key: value for key, value in entry.items() if key not in ("hash", "sig")}
    digest = basics.sha256(basics.canonical(body))
    assert digest.hex() == entry["hash"] == SAID["entry"]["hash"]
    assert basics.signed(KEYS[0], entry["sig"], b"yuntakan-entry-v1\n" + digest)
    assert not basics.signed(KEYS[1], entry["sig"], b"yuntakan-entry-v1\n" + digest)


def test_commitments_open():
    for one in SAID["commitments"]:
        salted = base64.b64decode(one["salt"]) + basics.canonical(one["value"])
        assert basics.sha256(b"yuntakan-commitment-v1\n" + salted).hex() == one["c"]


def test_roots_and_the_receipt_of_a_checkpoint_are_found_again():
    roots = list(independent.tree_roots([bytes.fromhex(leaf) for leaf in SAID["leaves"]]))
    for tree in SAID["trees"]:
        assert roots[tree["size"] - 1].hex() == tree["root"]
    checkpoint = independent.read_checkpoint(SAID["checkpoint"]["line"].encode(), "", "")
    assert independent.is_signed(independent.Record("inspection1", keys=KEYS), checkpoint)
    code = independent.receipt_code("inspection1", checkpoint["size"], roots[checkpoint["size"] - 1])
    assert code == SAID["checkpoint"]["receipt_code"]


def test_the_history_of_keys_holds():
    found = independent.Record("inspection1")
    lines = "".join(line + "\n" for line in SAID["key_history"]).encode()
    independent.read_keys(found, {"keys.jsonl": memoryview(lines)}, KEYS[1], [KEYS[0]])
    assert found.keys == KEYS
