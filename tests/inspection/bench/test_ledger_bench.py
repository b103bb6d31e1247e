"""The measurement counts what is in the file, and a slow disk is felt."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from inspection.bench.ledger_bench import measure
from inspection.bench.watched_disk import watched_disk

pytestmark = pytest.mark.integration


def test_a_short_measurement_counts_entries_checkpoints_and_syncs(tmp_path):
    figures = measure(tmp_path, seconds=0.3, inspections=2, fsync_delay_ms=5.0)
    assert figures.entries > 0 and figures.commits > 0
    assert figures.checkpoints >= figures.entries // 10 - 2 * figures.commits
    assert figures.syncs_per_commit >= 1
    assert figures.acts_per_s <= 1000 / (5.0 * figures.syncs_per_commit)
    assert figures.raw_syncs_per_s <= 1000 / 5.0
    assert figures.wait_p50_ms <= figures.wait_p95_ms


def test_every_sync_of_a_commit_is_seen_in_its_order(tmp_path):
    seen: list[str] = []
    with watched_disk(before=lambda path: seen.append(f"-{path.suffix}"), after=lambda path: seen.append(path.suffix)):
        with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
            connection.execute("PRAGMA journal_mode=TRUNCATE")
            connection.execute("CREATE TABLE numbers (n)")
            connection.commit()
            seen.clear()
            connection.execute("INSERT INTO numbers VALUES (1)")
            connection.commit()
    assert "-.db" in seen and seen.index(".db-journal") < seen.index("-.db") < seen.index(".db")
    told = len(seen)
    with closing(sqlite3.connect(tmp_path / "a.db")) as connection:
        connection.execute("INSERT INTO numbers VALUES (2)")
        connection.commit()
        assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (2,)
    assert len(seen) == told, "watched no more"
