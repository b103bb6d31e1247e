"""The set-up does a step again when its inputs changed, and only then."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]


def steps(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `script` in `folder` with the set-up's own functions."""
    source = f"set -euo pipefail; source {ROOT}/scripts/steps.sh; mkdir -p .setup; {script}"
    return subprocess.run(["bash", "-c", source], cwd=folder, capture_output=True, text=True, check=False)


def test_a_digest_depends_on_names_and_bytes(tmp_path):
    (tmp_path / "one").write_text("a")
    (tmp_path / "two").write_text("a")
    before = steps("digest one; digest one two; digest two", tmp_path).stdout.split()
    (tmp_path / "one").write_text("b")
    after = steps("digest one; digest one two; digest two", tmp_path).stdout.split()
    assert len(set(before)) == len(before)
    assert before[:2] != after[:2]
    assert before[2] == after[2]


def test_a_stamp_is_fresh_only_with_the_same_digest(tmp_path):
    (tmp_path / "stamp").write_text("abc\n")
    assert steps("fresh stamp abc", tmp_path).returncode == 0
    assert steps("fresh stamp abd", tmp_path).returncode == 1
    assert steps("fresh missing abc", tmp_path).returncode == 1


def test_a_failed_step_shows_the_end_of_its_log(tmp_path):
    done = steps("step digging bash -c 'echo the reason; exit 3'", tmp_path)
    assert done.returncode == 1
    assert "digging FAILED" in done.stderr
    assert "the reason" in done.stderr


def test_a_step_that_works_says_so(tmp_path):
    done = steps("step digging true", tmp_path)
    assert done.returncode == 0
    assert "digging: done" in done.stderr
