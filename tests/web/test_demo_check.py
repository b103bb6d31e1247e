"""The whole job once without a person, and its package before and after a byte changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.inspection.proof.test_privacy import holding
from web.demo_case import PHONE, PREMISES, STAFF

pytestmark = pytest.mark.e2e

YUNTAKAN = Path(sys.executable).with_name("yuntakan")
#: As the command, but what the day left stays there to be looked at.
KEEPING = """
import sys, types, web.demo_check as day
from web.cli import main
day.shutil = types.SimpleNamespace(rmtree=repr)
sys.exit(main())
"""
PERSONAL = (
    PREMISES, PHONE, *(person.name for person in STAFF), *(person.badge for person in STAFF), "湖畔小馆餐饮店",
    "92330106MA27XYR8TE", "杭州市西湖区演示路", "138****8000",
)  # fmt: skip


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(YUNTAKAN), *arguments], capture_output=True, text=True, timeout=170, check=False)


@pytest.mark.timeout(300)
def test_the_demo_checks_itself_and_one_changed_byte_breaks_its_package(tmp_path):
    keeping = [sys.executable, "-c", KEEPING, "demo", "--check", "--data", str(tmp_path / "data")]
    done = subprocess.run(keeping, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (left,) = (tmp_path / "data").glob("check-*")
    shutil.rmtree(left / "outbox")  # the gateway for trying out keeps messages as they were sent
    assert holding(left, PERSONAL) == [], "nothing of a whole day lies in clear in its folder"
    assert [text for text in (PHONE, PREMISES, "92330106MA27XYR8TE") if text in done.stdout + done.stderr] == []
    shutil.rmtree(left)
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
