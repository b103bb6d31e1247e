"""Packages of every published format, kept as they were written: they verify for ever.

A change that breaks one breaks what offices and courts hold: it needs a new format version, not a new file here.
"""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from inspection.store.package_files import verify_file
from tests.inspection.proof.builder import signer_of
from tests.inspection.proof.test_package import example_verdict

pytestmark = pytest.mark.integration

GOLDEN = sorted((Path(__file__).parent / "golden").glob("package-*.zip"))
KEY = signer_of().public_key()


def test_every_format_has_its_golden_package():
    assert [path.stem for path in GOLDEN] == ["package-1"]


@pytest.mark.parametrize("package", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_package_is_whole_for_both_verifiers(package: Path):
    verdict = verify_file(package, trust=KEY)
    assert verdict.exit_status == 0, verdict
    status, said = example_verdict(package, "--trust", base64.b64encode(KEY).decode())
    assert (status, said["verdict"]) == (0, "whole")
