"""The power goes between any two syncs of the disk: what was acknowledged is there, and no checkpoint without entries.

Each state that a power cut could leave is written down while people act: what was synced, and besides for the file
that is about to be synced nothing, everything, or only some of the sectors that were written since.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from inspection.bench.watched_disk import watched_disk
from inspection.domain.checkpoints import parse_checkpoint
from inspection.domain.merkle import roots
from inspection.services import reports
from inspection.store.database import journal_mode_for, prepare_connection
from tests.inspection.services.office import go_live, open_house

pytestmark = pytest.mark.integration

SECTOR = 512
State = dict[str, bytes]


@dataclass
class Disk:
    """What is durable, and every state in which the power could have gone, with what was acknowledged by then."""

    noise: random.Random
    acknowledged: int = 0
    durable: State = field(default_factory=dict)
    states: list[tuple[int, State]] = field(default_factory=list)
    _opened: dict[Path, int] = field(default_factory=dict)

    def read(self, path: Path) -> bytes:
        """Through a descriptor that stays open: closing one would give up the locks that SQLite holds on the file."""
        if path not in self._opened:
            self._opened[path] = os.open(path, os.O_RDONLY)
        descriptor = self._opened[path]
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)

    def close(self) -> None:
        for descriptor in self._opened.values():
            os.close(descriptor)

    def before(self, path: Path) -> None:
        written, synced = self.read(path), self.durable.get(path.name, b"")
        for content in (synced, written, self._torn(synced, written)):
            self.states.append((self.acknowledged, {**self.durable, path.name: content}))

    def after(self, path: Path) -> None:
        self.durable[path.name] = self.read(path)
        self.states.append((self.acknowledged, dict(self.durable)))

    def _torn(self, synced: bytes, written: bytes) -> bytes:
        """Some sectors are the new ones; what a file grew by and did not get is zeros. It shrinks at once or not."""
        if len(written) < len(synced):
            return synced
        old = synced.ljust(len(written), b"\0")
        starts = range(0, len(written), SECTOR)
        return b"".join((written if self.noise.random() < 0.5 else old)[at : at + SECTOR] for at in starts)


async def test_a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged(tmp_path):
    disk = Disk(random.Random(1))
    house = open_house(tmp_path / "made")
    live = await go_live(house)
    await house.aclose()
    made = tmp_path / "made" / "yuntakan.db"
    with watched_disk(before=disk.before, after=disk.after):
        again = open_house(tmp_path / "made", clock=house.clock)
        disk.durable[made.name] = disk.read(made)
        disk.acknowledged = await head(again, live.inspection.id)
        disk.states.clear()
        for number in range(12):
            again.clock.move(seconds=0.3)
            said = await reports.send_chat(again.office, live.applicant, live.session_id, "还在", f"said-{number}")
            disk.acknowledged = said.entries[-1].seq
        await again.aclose()
    disk.close()
    assert len(disk.states) > 100
    for number, (acknowledged, state) in enumerate(disk.states):
        found, covered = after_the_cut(tmp_path / "cut", state)
        assert found >= acknowledged, number
        assert covered <= found, number


async def head(house, inspection_id: str) -> int:
    async with house.office.reading() as uow:
        found = await uow.entries.head(inspection_id)
    assert found is not None
    return found[0]


def after_the_cut(folder: Path, state: State) -> tuple[int, int]:
    """How many entries the next start finds, without a hole, and how many of them the last checkpoint covers."""
    folder.mkdir()
    for name, content in state.items():
        (folder / name).write_bytes(content)
    with closing(sqlite3.connect(folder / "yuntakan.db")) as connection:
        prepare_connection(connection, journal_mode_for(sqlite3.sqlite_version_info))
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        entries = connection.execute("SELECT seq, hash FROM entries ORDER BY seq").fetchall()
        heads = [parse_checkpoint(line.encode()) for (line,) in connection.execute("SELECT line FROM checkpoints")]
    shutil.rmtree(folder)
    assert [seq for seq, _ in entries] == list(range(1, len(entries) + 1))
    by_size = list(roots(bytes.fromhex(entry_hash) for _, entry_hash in entries))
    assert all(one.root_bytes == by_size[one.size - 1] for one in heads)
    return len(entries), max(one.size for one in heads)
