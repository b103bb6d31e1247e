"""Packages of every published format, kept as they were written: they verify for ever.

A change that breaks one breaks what offices and courts hold: it needs a new format version, not a new file here.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from inspection.domain.verification_package import Asked
from inspection.store.package_files import verify_file
from inspection.store.package_given import read_receipts, read_trust
from tests.inspection.proof.builder import signer_of
from tests.inspection.proof.test_package import example_verdict

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).parent / "golden"
TRUST = [base64.b64encode(signer_of().public_key()).decode(), str(GOLDEN / "root.pem")]
RECEIPTS = [str(GOLDEN / "receipts.txt")]
FOUND = {
    "package-1-whole": None,
    "package-1-broken": {"code": "still_digest", "where": "stills/tiled2.jpg entry 8"},
    "package-1-redacted": None,
    "package-1-erased": None,
}


def test_every_format_has_its_golden_packages():
    assert {path.stem for path in GOLDEN.glob("*.zip")} == FOUND.keys()


@pytest.mark.parametrize("name", FOUND)
def test_a_golden_package_gets_its_verdict_from_both_verifiers(name):
    package = GOLDEN / f"{name}.zip"
    trusted = read_trust(TRUST)
    said = verify_file(package, asked=Asked(trusted.keys, trusted.roots, read_receipts(RECEIPTS))).to_json()
    assert said["first_problem"] == FOUND[name]
    options = [word for one in TRUST for word in ("--trust", one)] + ["--receipt", RECEIPTS[0]]
    status, other = example_verdict(package, *options)
    assert (status, other["first_problem"]) == (0 if FOUND[name] is None else 1, FOUND[name])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("package-1-whole", ["密钥已与所给公钥核对;已核对外部回执", "网页签名未在此核对"]),
        ("package-1-redacted", ["本副本未提供:录像或声音 1 轨", "本副本未提供:录像或声音 1 段"]),
        ("package-1-erased", ["已按规则删除:照片 2 张"]),
    ],
)
def test_a_golden_package_says_what_it_leaves_out(name, words):
    trusted = read_trust(TRUST)
    said = verify_file(GOLDEN / f"{name}.zip", asked=Asked(trusted.keys, trusted.roots, read_receipts(RECEIPTS)))
    for each in words:
        assert each in said.to_json()["claimed"]
