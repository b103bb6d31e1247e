"""Other users of the same machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.office import Office, free_port

pytestmark = pytest.mark.integration


def test_what_is_kept_in_a_folder_open_to_all_is_the_offices_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    Office(folder, free_port()).run(
        *("user", "add", "li", "--name", "李雷", "--role", "inspector", "--unit", "科", "--badge", "1"),
        "--password-stdin", stdin="correct horse battery",
    )  # fmt: skip
    kept = [path for path in folder.rglob("*") if not path.is_symlink()]
    assert kept
    assert [path for path in kept if path.stat().st_mode & 0o077] == []
