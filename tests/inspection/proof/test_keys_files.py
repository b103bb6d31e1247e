"""A change of the key file that a crash interrupts is either undone or done at the next start."""

from __future__ import annotations

import stat

import pytest

from inspection.store.key_files import begin_change, destroy_key, finish_change, key_in_use, open_key_file
from inspection.store.signer import SignerKeyError, load_or_create_signer, load_signer

pytestmark = pytest.mark.integration


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "ledger.ed25519"


def test_an_office_without_a_history_gets_a_key(path):
    assert open_key_file(path, None).public_key() == load_signer(path).public_key()


def test_a_crash_before_the_commit_undoes_the_change(path):
    old = load_or_create_signer(path).public_key()
    begin_change(path)
    assert open_key_file(path, old).public_key() == old
    assert [kept.name for kept in path.parent.iterdir()] == [path.name]


def test_a_crash_after_the_commit_is_made_up_for(path):
    load_or_create_signer(path)
    new = begin_change(path).public_key()
    assert open_key_file(path, new).public_key() == new
    assert [kept.name for kept in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_abandoned_change_leaves_no_key_for_the_next_one(path):
    load_or_create_signer(path)
    first, second = begin_change(path).public_key(), begin_change(path).public_key()
    assert first != second
    finish_change(path, second)
    assert load_signer(path).public_key() == second


def test_a_key_that_is_not_the_newest_signs_nothing(path):
    load_or_create_signer(path)
    with pytest.raises(SignerKeyError, match="newest"):
        open_key_file(path, b"k" * 32)


def test_a_lost_key_is_not_replaced_in_silence(path):
    with pytest.raises(SignerKeyError, match="gone"):
        open_key_file(path, b"k" * 32)
    assert not path.exists()


def test_a_destroyed_key_is_gone_and_may_be_destroyed_again(path):
    load_or_create_signer(path)
    destroy_key(path)
    destroy_key(path)
    assert not path.exists()


def test_a_key_is_changed_only_while_nobody_signs(tmp_path):
    lock = tmp_path / "run" / "key.lock"
    with key_in_use(lock, alone=False), key_in_use(lock, alone=False), pytest.raises(SignerKeyError, match="stop it"):
        with key_in_use(lock, alone=True):
            pass
    with key_in_use(lock, alone=True), pytest.raises(SignerKeyError, match="being changed"):
        with key_in_use(lock, alone=False):
            pass
