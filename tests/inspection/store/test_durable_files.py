"""What is made once is whole, durable and never replaced."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection.store.durable_files import write_once
from inspection.store.master_key import open_master_key
from inspection.store.migration import upgrade
from inspection.store.office_certificate import load_or_create_certificate
from inspection.store.pepper import load_or_create_pepper
from inspection.store.signer import load_or_create_signer

pytestmark = pytest.mark.integration


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """Every folder that is synced from now on, and the names that lie in it at that moment."""
    found: list[tuple[str, list[str]]] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        really(descriptor)
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if path.is_dir():
            found.append((path.name, sorted(os.listdir(path))))

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_the_file_is_whole_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "a"
    write_once(path, b"whole")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"whole", 0o600)
    assert os.listdir(path.parent) == ["a"]


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    write_once(tmp_path / "a", b"first")
    with pytest.raises(FileExistsError):
        write_once(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first" and os.listdir(tmp_path) == ["a"]


def test_the_folders_that_were_made_are_synced_too(tmp_path: Path, synced: list[tuple[str, list[str]]]) -> None:
    write_once(tmp_path / "outer" / "keys" / "a", b"x")
    assert {(tmp_path.name, ("outer",)), ("outer", ("keys",)), ("keys", ("a",))} <= {
        (folder, tuple(names)) for folder, names in synced
    }


@pytest.mark.parametrize("name", ["c2pa.pem", "ledger.ed25519", "master.aes", "pepper"])
def test_the_folder_of_every_key_is_synced_once_the_key_has_its_name(
    tmp_path: Path, synced: list[tuple[str, list[str]]], name: str
) -> None:
    path = tmp_path / "keys" / name
    if name == "c2pa.pem":
        load_or_create_certificate(path, "示范县行政审批局", datetime.now(UTC))
    elif name == "ledger.ed25519":
        load_or_create_signer(path)
    elif name == "master.aes":
        upgrade(tmp_path / "yuntakan.db")
        open_master_key(tmp_path / "yuntakan.db", path)
    else:
        load_or_create_pepper(path)
    assert [names for folder, names in synced if folder == "keys" and name in names] != []
