from __future__ import annotations

import ast
import json
import subprocess
import sys
import venv
from pathlib import Path

import cryptography
import pytest

from examples.verify_package import record, verify_package
from inspection.domain.entry_kinds import KINDS
from inspection.domain.verification import Code
from inspection.domain.verification_words import say_code
from tests.inspection.proof.builder import small_case

pytestmark = pytest.mark.unit

EVIDENCE = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text("utf-8")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_evidence_page_has_a_row_for_each_kind(kind):
    assert f"\n| `{kind}` |" in EVIDENCE


@pytest.mark.parametrize("code", list(Code))
def test_the_evidence_page_explains_each_code(code):
    assert f"`{code}`" in EVIDENCE
    assert say_code(code, "zh-CN") != say_code(code, "en")


EXAMPLE = Path(verify_package.__file__).parent


def test_the_short_verifier_knows_the_published_kinds():
    published = (Path(__file__).parents[3] / "docs" / "vectors" / "kinds.json").read_text("utf-8")
    assert (EXAMPLE / "kinds.json").read_text("utf-8") == published
    assert KINDS.keys() == record.KINDS.keys()


@pytest.mark.parametrize("module", sorted(EXAMPLE.glob("*.py")), ids=lambda path: path.stem)
def test_the_short_verifier_imports_nothing_of_ours(module):
    tree = ast.parse(module.read_text("utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    outside = {name.split(".")[0] for name in imported} - {"cryptography"}
    assert outside <= sys.stdlib_module_names


def test_the_short_verifier_runs_in_an_environment_without_the_product(tmp_path):
    """A folder with `cryptography` and what that needs, and nothing else, as a virtual environment would have."""
    venv.create(tmp_path / "alone", with_pip=False)
    python = tmp_path / "alone" / "bin" / "python"
    site = next((tmp_path / "alone" / "lib").glob("python*")) / "site-packages"
    for name in ("cryptography", "cffi", "pycparser", "_cffi_backend"):
        for found in Path(cryptography.__file__).parents[1].glob(f"{name}*"):
            (site / found.name).symlink_to(found)
    asked = [python, "-I", EXAMPLE / "verify_package.py", small_case(tmp_path).export()]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr, json.loads(done.stdout)["verdict"]) == (0, "", "whole")
    refused = subprocess.run([python, "-I", "-c", "import inspection"], capture_output=True, check=False, cwd=tmp_path)
    assert refused.returncode == 1
