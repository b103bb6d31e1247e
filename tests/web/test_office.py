"""Opening an office that cannot be opened: one line for the operator, and nothing goes on behind it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from inspection.store.office_certificate import CertificateFileError
from tests.web.test_cli import add_user, refused, run
from web.office import open_office
from web.settings import Settings

pytestmark = pytest.mark.integration

MASTER = """
import os, pathlib, sys
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
for line in sys.stdin:
    print("0123456789abcdef", flush=True)
"""


def damage(data: Path, name: str) -> Path:
    path = data / "keys" / name
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_bytes(b"damaged")
    return path


@pytest.mark.parametrize(("name", "error"), [("c2pa.pem", CertificateFileError), ("pepper", ValueError)])
async def test_what_was_opened_is_closed_again_when_a_later_part_is_damaged(
    tmp_path: Path, name: str, error: type[Exception]
) -> None:
    damage(tmp_path, name)
    started = tmp_path / "started"
    command = shlex.join([sys.executable, "-c", MASTER, str(started)])
    with pytest.raises(error):
        async with open_office(Settings(data=tmp_path, master_command=command)):
            pass
    if started.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(started.read_text()), 0)


def test_a_damaged_certificate_is_refused_in_a_line(tmp_path: Path) -> None:
    path = damage(tmp_path, "c2pa.pem")
    assert refused(add_user(tmp_path, "wang"), 1).endswith(f"{path} holds no key with certificates in PEM")
    assert "no key with certificates" in refused(run("check", "--data", str(tmp_path)), 1)
