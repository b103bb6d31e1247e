"""The whole job once without a person, and its package before and after a byte changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

YUNTAKAN = Path(sys.executable).with_name("yuntakan")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(YUNTAKAN), *arguments], capture_output=True, text=True, timeout=170, check=False)


@pytest.mark.timeout(300)
def test_the_demo_checks_itself_and_one_changed_byte_breaks_its_package(tmp_path):
    done = run("demo", "--check", "--data", str(tmp_path / "data"))
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last == f"package: {tmp_path / 'data' / 'demo-check.zip'}"
    package = Path(last.removeprefix("package: "))
    receipts = package.with_name("demo-check-receipts.txt")
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [receipts.name, package.name]
    assert run("verify", str(package), "--receipt", str(receipts)).returncode == 0
    assert run("verify", str(package), "--receipt", "A" * 26).returncode == 1

    whole = package.read_bytes()
    for place in (len(whole) // 3, len(whole) // 2, len(whole) - 40):
        changed = tmp_path / "changed.zip"
        changed.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert run("verify", str(changed)).returncode == 1, place
