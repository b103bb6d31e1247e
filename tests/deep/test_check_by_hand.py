"""openssl and a foreign C2PA reader agree with a package, and see when it was changed."""

from __future__ import annotations

import base64
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from media.fonts import StampFont, open_font
from tests.deep.filmed import FilmedCase
from tests.inspection.proof.timestamp_authority import Authority
from tests.media.clips import START_US, encode_vp8, video_packets

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).parents[2] / "examples" / "check_by_hand" / "check_by_hand.py"


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> StampFont:
    return open_font(tmp_path_factory.mktemp("fonts"))


@pytest.fixture
def made(tmp_path: Path, font: StampFont) -> FilmedCase:
    case = FilmedCase(tmp_path / "office", font)
    journal = case.track("vp8", video_packets(encode_vp8(range(20)), fps=10))
    assert case.still("still1", journal, START_US + 900_000)
    return case


def run(package: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, SCRIPT, package, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_everything_fits_with_the_offices_key_and_roots(made: FilmedCase, tmp_path: Path) -> None:
    authority = Authority.make(tmp_path / "authority")
    made.case.stamp(authority.token)
    made.case.rotate(2)
    made.end()
    package = made.export()
    (tmp_path / "pictures.pem").write_bytes(made.certificate.root_pem)
    (tmp_path / "time.pem").write_bytes(authority.root.pem)
    key = base64.b64encode(made.case.signer.public_key()).decode()
    roots = ("--root", str(tmp_path / "pictures.pem"), "--root", str(tmp_path / "time.pem"))
    status, printed = run(package, "--key", key, *roots)
    assert status == 0, printed
    assert "BAD" not in printed and "note" not in printed
    assert "C2PA reader says Trusted" in printed and "is a time stamp over a head" in printed
    assert printed.count("$ openssl pkeyutl -verify") == 2
    status, printed = run(package)
    assert status == 0 and printed.count("note") == 3, printed


def test_another_key_or_root_does_not_fit(made: FilmedCase, tmp_path: Path) -> None:
    package = made.export()
    status, printed = run(package, "--key", base64.b64encode(bytes(32)).decode())
    assert status == 1 and "BAD  that key is the one given" in printed
    made.case.stamp(Authority.make(tmp_path / "authority").token)
    (tmp_path / "pictures.pem").write_bytes(made.certificate.root_pem)
    status, printed = run(made.export(), "--root", str(tmp_path / "pictures.pem"))
    assert status == 1 and "BAD  timestamps/" in printed and "says Trusted" in printed


@pytest.mark.parametrize("name", ["manifest.json", "ledger.jsonl", "checkpoints.jsonl", "stills_c2pa/still1.jpg"])
def test_a_changed_member_is_told(made: FilmedCase, tmp_path: Path, name: str) -> None:
    whole, changed = made.export(), tmp_path / "changed.zip"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(changed, "w") as target:
        for each in source.namelist():
            content = bytearray(source.read(each))
            if each == name:
                content[len(content) // 2] ^= 1
            target.writestr(each, bytes(content))
    status, printed = run(changed)
    assert status == 1 and "BAD" in printed and "Traceback" not in printed


def test_what_is_no_package_is_said(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_bytes(b"no zip")
    assert run(tmp_path / "no.zip")[0] == 2
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    (tmp_path / "empty.zip").write_bytes(empty.getvalue())
    status, printed = run(tmp_path / "empty.zip")
    assert status == 1 and "Traceback" not in printed
