"""A key that a child process holds: what it signs fits, and when it fails nothing is signed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from inspection.domain.errors import InspectionError, Kind
from inspection.store.signer import FileSigner, verify_ed25519
from inspection.store.signer_command import CommandSigner

pytestmark = pytest.mark.integration

KEY = bytes([7]) * 32
CHILD = """
import sys, time
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
key = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
asked = 0
for line in sys.stdin:
    request = line.strip()
    if request == "public_key":
        answer = key.public_key().public_bytes_raw().hex()
    else:
        asked += 1
        answer = key.sign(bytes.fromhex(request)).hex()
        if asked >= int(sys.argv[2]):
            FAULT
    print(answer, flush=True)
"""
FAULTS = {
    "dies": "sys.exit(1)",
    "is silent": "time.sleep(60)",
    "signs something else": "answer = key.sign(b'else').hex()",
    "answers with a word": "answer = 'error: device lost'",
    "answers too much": "answer = '0' * 4000",
    "answers too little": "answer = answer[:-2]",
    "answers in letters": "answer = 'z' * 128",
}


class Clock:
    def __init__(self) -> None:
        self.s = 100.0

    def now_s(self) -> float:
        return self.s


def signer_of(tmp_path: Path, fault: str = "pass", at: int = 1, clock: Clock | None = None) -> CommandSigner:
    child = tmp_path / "child.py"
    child.write_text(CHILD.replace("FAULT", fault))
    arguments = [sys.executable, str(child), "child", str(at)]
    if clock is None:
        return CommandSigner(arguments)
    return CommandSigner(arguments, timeout_s=0.3 if "sleep" in fault else 5.0)


def test_a_child_signs_one_message_after_the_other(tmp_path):
    signer = signer_of(tmp_path)
    try:
        assert signer.public_key() == FileSigner(KEY).public_key()
        for message in (b"one", b"two", b"t" * 50):
            assert verify_ed25519(signer.public_key(), signer.sign(message), message)
        assert signer.is_slow
    finally:
        signer.close()
        signer.close()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_child_that_fails_signs_nothing_and_says_so(tmp_path, fault):
    signer = signer_of(tmp_path, fault, at=2, clock=Clock())
    try:
        signer.sign(b"before")
        with pytest.raises(InspectionError) as refused:
            signer.sign(b"message")
        assert (refused.value.kind, refused.value.code) == (Kind.UNAVAILABLE, "signer_unavailable")
        assert refused.value.retry_after_s
    finally:
        signer.close()


def test_a_child_that_failed_rests_and_is_started_again(tmp_path):
    clock = Clock()
    child = tmp_path / "child.py"
    child.write_text(CHILD.replace("FAULT", "sys.exit(1)"))
    signer = CommandSigner([sys.executable, str(child), "child", "2"], pause_s=1.0, now_s=clock.now_s)
    try:
        signer.sign(b"first")
        for _ in range(2):
            with pytest.raises(InspectionError):
                signer.sign(b"second")
        clock.s += 1.1
        assert verify_ed25519(signer.public_key(), signer.sign(b"third"), b"third")
    finally:
        signer.close()


def test_a_command_that_is_not_there_is_a_coded_refusal(tmp_path):
    with pytest.raises(InspectionError) as refused:
        CommandSigner([str(tmp_path / "nothing")]).public_key()
    assert refused.value.code == "signer_unavailable"
