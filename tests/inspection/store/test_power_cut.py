"""The power goes while people act: what was acknowledged is in the database of the next start, without a hole."""

from __future__ import annotations

import asyncio
import fcntl
import os
import random
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inspection.store.database import journal_mode_for, prepare_connection
from tests.inspection.services.office import open_house

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
#: ext4: EXT4_IOC_SHUTDOWN, without flushing its log: what was not synced never reaches the medium.
SHUTDOWN, WITHOUT_LOG = 0x8004587D, 2


class Volume:
    """An ext4 volume in a file, whose power can be cut."""

    def __init__(self, folder: Path) -> None:
        self._image = folder / "disk.img"
        self.path = folder / "disk"
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(48 * 1024 * 1024)
        run("mkfs.ext4", "-q", "-F", str(self._image))
        self.mount()

    def mount(self) -> None:
        run("mount", "-o", "loop", str(self._image), str(self.path))

    def cut_power(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", WITHOUT_LOG))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        """What looks at all volumes of a busy machine may hold this one for a moment."""
        deadline_s = time.monotonic() + 10
        while os.path.ismount(self.path):
            done = subprocess.run(["umount", str(self.path)], check=False, capture_output=True, text=True)
            assert done.returncode == 0 or time.monotonic() < deadline_s, done.stderr
            time.sleep(0.02)


def run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"there is no {command[0]} here")
    if done.returncode != 0:
        pytest.skip(f"{command[0]} is not allowed here: {done.stderr.strip()}")


@contextmanager
def volume_in(folder: Path) -> Iterator[Volume]:
    volume = Volume(folder)
    try:
        yield volume
    finally:
        volume.unmount()


@pytest.mark.parametrize("seed", range(3))
async def test_what_was_acknowledged_before_a_power_cut_is_on_record_after_it(tmp_path: Path, seed: int) -> None:
    with volume_in(tmp_path) as volume:
        acting = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.inspection.store.acting", str(volume.path),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, cwd=ROOT,
        )  # fmt: skip
        assert acting.stdout is not None
        wanted, lines = random.Random(seed).randint(3, 30), list[list[str]]()
        async with asyncio.timeout(60):
            while len(lines) < wanted:
                lines.append((await acting.stdout.readline()).decode().split())
        volume.cut_power()
        acting.kill()
        rest = (await acting.stdout.read()).decode().splitlines()
        await acting.wait()
        volume.unmount()
        volume.mount()
        acknowledged = [int(line[1]) for line in lines if line[:1] == ["seq"]]
        assert acknowledged, rest
        assert await entries_after(volume.path, lines[0][1]) >= max(acknowledged)


async def entries_after(data: Path, inspection_id: str) -> int:
    """How many entries the next start finds, without a hole."""
    house = open_house(data)
    try:
        async with house.office.reading() as uow:
            seqs = [entry.seq for entry in await uow.entries.list(inspection_id, 0, 1000)]
            last = await uow.checkpoints.find_last(inspection_id)
    finally:
        await house.aclose()
    assert seqs == list(range(1, len(seqs) + 1))
    assert last is not None and last.size <= len(seqs), "no checkpoint outlives its entries"
    return len(seqs)


def test_every_connection_waits_for_the_medium_before_a_commit_is_acknowledged(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    prepare_connection(connection, journal_mode_for(sqlite3.sqlite_version_info))
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,), "FULL"
    connection.close()
