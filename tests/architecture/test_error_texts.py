"""Whoever is refused reads why, in their language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
TEXTS = ROOT / "web" / "ui" / "src" / "i18n"
CODE_ARGUMENT = {"conflict": 0, "InspectionError": 1, "MediaError": 1}


def raised_codes() -> set[str]:
    """The codes that stand as literals in what makes an error: `conflict("code", …)`, `…Error(Kind.X, "code", …)`."""
    found: set[str] = set()
    for package in ("inspection", "media", "signaling", "web"):
        for path in (ROOT / package).rglob("*.py"):
            if "node_modules" not in path.parts:
                found.update(codes_of(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def codes_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in CODE_ARGUMENT:
            continue
        for code in node.args[CODE_ARGUMENT[node.func.id] :][:1]:
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value


def texts_of(file: str, mark: str) -> list[str]:
    """The file's text before and after a mark."""
    return (TEXTS / file).read_text(encoding="utf-8").split(mark)


def test_every_code_has_a_text_in_both_languages() -> None:
    chinese, english = texts_of("errors.ts", "\n  en: {")
    codes = raised_codes()
    assert {"invitation_unknown", "signature_missing", "sdp_invalid"} <= codes
    for common, desk in ((chinese, "desk.zh-CN.ts"), (english, "desk.en.ts")):
        texts = common + texts_of(desk, "\n  error: {")[1]
        assert codes - set(re.findall(r"\b(\w+): ['\"`]", texts)) == set()
