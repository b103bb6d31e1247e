from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from inspection.domain.canonical import canonical_bytes
from inspection.domain.checkpoints import (
    Checkpoint,
    CheckpointError,
    key_id,
    make_checkpoint,
    parse_checkpoint,
)
from inspection.store.signer import FileSigner, verify_ed25519

AT = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
SIGNER = FileSigner(bytes([1]) * 32)


def checkpoint(signer: FileSigner = SIGNER, size: int = 3) -> Checkpoint:
    return make_checkpoint("inspection1", size, b"r" * 32, AT, signer.public_key(), signer.sign)


def test_a_checkpoint_comes_back_from_its_line_and_its_signature_fits():
    made = checkpoint()
    found = parse_checkpoint(made.to_line())
    assert found == made
    assert found.is_signed_by(SIGNER.public_key(), verify_ed25519)


def test_the_bytes_of_a_checkpoint_stay_what_they_are():
    assert checkpoint().to_line() == (
        b'{"at":"2026-05-06T01:30:00.000Z","inspection":"inspection1","key":"34750f98bd59fcfc",'
        b'"root":"7272727272727272727272727272727272727272727272727272727272727272",'
        b'"sig":"oY97mz7slbJF+GPdj3GOYRBLFxdxno2G1vQyoCA8MRfw9pAAGO6AKB518fsPzHq5s+ibSO5Beq5tixJOLGceCQ=="'
        b',"size":3,"v":1}'
    )


def test_the_signature_is_of_one_key_and_one_content():
    made, other = checkpoint(), FileSigner(bytes([2]) * 32)
    assert not made.is_signed_by(other.public_key(), verify_ed25519)
    for name, value in (("size", 4), ("root", "0" * 64), ("at", "2026-05-06T01:30:00.001Z"), ("inspection", "i2")):
        changed = Checkpoint(**{**made.to_json(), name: value})
        assert not changed.is_signed_by(SIGNER.public_key(), verify_ed25519), name
    borrowed = Checkpoint(**{**checkpoint(other).to_json(), "key": key_id(SIGNER.public_key())})
    assert not borrowed.is_signed_by(SIGNER.public_key(), verify_ed25519)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"size": 0},
        {"size": True},
        {"size": -1},
        {"root": "00"},
        {"root": "A" * 64},
        {"at": "yesterday"},
        {"key": ""},
        {"sig": 7},
        {"extra": 1},
        {"inspection": ""},
        {"inspection": "i" * 2000},
    ],
)
def test_what_is_no_checkpoint_is_refused(change):
    with pytest.raises(CheckpointError):
        parse_checkpoint(canonical_bytes({**checkpoint().to_json(), **change}))


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"null", b"\xff", b"{"])
def test_what_is_no_object_is_refused(line):
    with pytest.raises(CheckpointError):
        parse_checkpoint(line)


def test_a_checkpoint_has_one_form_only():
    spaced = json.dumps(checkpoint().to_json()).encode()
    with pytest.raises(CheckpointError):
        parse_checkpoint(spaced)


def test_a_signature_that_is_no_base64_fits_nobody():
    made = Checkpoint(**{**checkpoint().to_json(), "sig": "!!"})
    assert not made.is_signed_by(SIGNER.public_key(), verify_ed25519)
