"""Wiping a database file that others hold, on a volume that is full, or that is none: a coded refusal each time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from inspection.domain.errors import InspectionError, Kind
from inspection.store import traces
from inspection.store.traces import holds_any, wipe
from tests.signaling.volumes import fill, small_volume

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_PATIENCE_S", 0.1)


def database_in(folder: Path, rows: int = 200) -> Path:
    path = folder / "x.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE words (word BLOB)")
        connection.executemany("INSERT INTO words VALUES (?)", [(b"w" * 1000,)] * rows)
        connection.commit()
    return path


@contextmanager
def reader_of(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM words").fetchone()
        yield


def refusal(path: Path) -> str:
    with pytest.raises(InspectionError) as caught:
        wipe(path, (), thoroughly=True)
    assert caught.value.kind is Kind.UNAVAILABLE
    return caught.value.code


def test_a_reader_that_stays_is_storage_busy_and_without_it_the_file_is_wiped(tmp_path: Path) -> None:
    path = database_in(tmp_path)
    with reader_of(path):
        assert refusal(path) == "storage_busy"
    wipe(path, (), thoroughly=True)


def test_a_file_that_is_no_database_is_storage_failed(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    assert refusal(tmp_path / "x.db") == "storage_failed"


def test_a_folder_in_place_of_the_file_is_storage_failed(tmp_path: Path) -> None:
    assert refusal(tmp_path) == "storage_failed"


def test_a_full_volume_is_storage_full(tmp_path: Path) -> None:
    with small_volume(tmp_path / "volume", 2) as volume:
        path = database_in(volume)
        fill(volume / "rest")
        assert refusal(path) == "storage_full"
        (volume / "rest").unlink()
        wipe(path, (), thoroughly=True)
        assert holds_any(path, (b"w" * 1000,))
