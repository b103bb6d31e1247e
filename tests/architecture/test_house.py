"""The rules of the house that a machine can check."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
HARD_LIMIT_LINES = 500
SOURCES = {".py", ".ts", ".vue", ".js", ".mjs", ".sh", ".css"}
NOT_OURS = {"node_modules", "dist", ".venv", "build", ".setup", "test-output", "__pycache__", ".git"}
REQUIREMENTS = sorted(path.name for path in ROOT.glob("requirements*"))
ADDRESS = re.compile(r"\w+://|--(extra-)?index-url|--find-links|--trusted-host", re.IGNORECASE)


def our_sources() -> Iterator[Path]:
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS]
        yield from (Path(folder, name) for name in files if Path(name).suffix in SOURCES)


def strings_outside(value: object, skipped: str) -> Iterator[str]:
    """All strings of a JSON value that are not below the key `skipped`."""
    if isinstance(value, str):
        yield value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else []):
        if key != skipped:
            yield from strings_outside(inner, skipped)


def test_packages_import_in_one_direction_only():
    linted = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_no_source_file_is_longer_than_the_hard_limit():
    sizes = {str(path.relative_to(ROOT)): len(path.read_bytes().splitlines()) for path in our_sources()}
    assert {name: lines for name, lines in sizes.items() if lines > HARD_LIMIT_LINES} == {}


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_no_python_lock_names_an_address(name):
    assert ADDRESS.search((ROOT / name).read_text()) is None


@pytest.mark.parametrize("name", [name for name in REQUIREMENTS if name.endswith(".txt")])
def test_every_locked_python_package_has_a_version_and_digests(name):
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if not re.match(r"[\w.-]+==\S+ \\\n\s+--hash=sha256:[0-9a-f]{64}", entry)] == []


def test_the_npm_lock_names_no_address_and_every_package_has_a_digest():
    lock = json.loads((ROOT / "web/ui/package-lock.json").read_text())
    assert [text for text in strings_outside(lock, "funding") if "://" in text] == []
    packages = {path: package for path, package in lock["packages"].items() if path}
    assert [path for path, package in packages.items() if "resolved" in package or "integrity" not in package] == []


def test_npm_is_not_told_where_to_fetch_from():
    assert "://" not in (ROOT / "web/ui/.npmrc").read_text()


def test_the_readme_names_the_two_commands_and_make_knows_them():
    readme, makefile = (ROOT / "README.md").read_text(), (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_continuous_integration_runs_make_test():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


def test_only_the_settings_read_the_environment():
    reader = re.compile(r"os\.environ|os\.getenv")
    packages = [path for path in our_sources() if path.relative_to(ROOT).parts[0] in
                {"geo", "media", "inspection", "signaling", "web"} and path.suffix == ".py"]  # fmt: skip
    readers = {str(path.relative_to(ROOT)) for path in packages if reader.search(path.read_text())}
    assert readers <= {"web/settings.py"}


def test_every_decision_has_a_number_of_its_own_and_stands_in_the_index():
    decisions = sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
    assert [int(name[:4]) for name in decisions] == list(range(1, len(decisions) + 1))
    index = (ROOT / "docs/adr/README.md").read_text("utf-8")
    assert re.findall(r"^\| \[(\d+)\]\((0.*\.md)\) \|", index, re.MULTILINE) == [
        (str(int(name[:4])), name) for name in decisions
    ]
