from __future__ import annotations

import stat

import pytest

from inspection.store.signer import SignerKeyError, load_or_create_signer, verify_ed25519

pytestmark = pytest.mark.integration


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path):
    path = tmp_path / "keys" / "ledger.ed25519"
    first = load_or_create_signer(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = load_or_create_signer(path)
    assert again.public_key() == first.public_key()
    assert verify_ed25519(first.public_key(), again.sign(b"x"), b"x")
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_key_that_others_may_read_is_refused(tmp_path):
    path = tmp_path / "ledger.ed25519"
    load_or_create_signer(path)
    path.chmod(0o644)
    with pytest.raises(SignerKeyError):
        load_or_create_signer(path)


def test_a_damaged_key_is_refused_and_not_replaced(tmp_path):
    path = tmp_path / "ledger.ed25519"
    load_or_create_signer(path)
    path.write_bytes(b"short")
    with pytest.raises(SignerKeyError):
        load_or_create_signer(path)
    assert path.read_bytes() == b"short"


@pytest.mark.parametrize(("key", "signature"), [(b"", b""), (b"k" * 32, b"s" * 64), (b"k" * 31, b"s" * 64)])
def test_a_malformed_signature_is_false_and_no_error(key, signature):
    assert not verify_ed25519(key, signature, b"message")
