from __future__ import annotations

import ast
from pathlib import Path

import pytest

from examples.verify_package import verify_package
from inspection.domain.entry_kinds import KINDS
from inspection.domain.verification import Code
from inspection.domain.verification_words import say_code

pytestmark = pytest.mark.unit

EVIDENCE = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text("utf-8")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_evidence_page_has_a_row_for_each_kind(kind):
    assert f"\n| `{kind}` |" in EVIDENCE


@pytest.mark.parametrize("code", list(Code))
def test_the_evidence_page_explains_each_code(code):
    assert f"`{code}`" in EVIDENCE
    assert say_code(code, "zh-CN") != say_code(code, "en")


def test_the_short_verifier_knows_the_same_kinds():
    assert KINDS.keys() == verify_package.KINDS


def test_the_short_verifier_imports_nothing_of_ours():
    tree = ast.parse(Path(verify_package.__file__).read_text("utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    outside = {name.split(".")[0] for name in imported} - {"cryptography"}
    assert not outside & {"inspection", "geo", "media", "signaling", "web", "tests"}
