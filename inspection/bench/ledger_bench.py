"""`yuntakan bench ledger`: how many entries a second become durable, beside what the disk does by itself.

Real ledger, real SQLite file, real signatures and checkpoints; facts of some live sessions are offered as fast as they
are taken. A slow disk is made by waiting before each sync of SQLite's own file port.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inspection.bench.watched_disk import watched_disk
from inspection.domain.actor import SYSTEM
from inspection.domain.entry import Entry, EntryDraft
from inspection.services.ledger import append
from inspection.services.media_ledger import MediaLedger
from inspection.store.clock import SystemClock
from inspection.store.database import Database, open_database
from inspection.store.master_key import open_master_key
from inspection.store.migration import upgrade
from inspection.store.signer import load_or_create_signer

WANTED_PER_S = 500
#: Facts on their way at most: below the media ledger's own limit, so that none is lost.
MOST_WAITING = 1000
_BLOCK = b"\0" * 4096


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """`raw_syncs_per_s`: one 4 KiB write and fsync after the other. `acts_per_s`: one entry, one commit each."""

    fsync_delay_ms: float
    inspections: int
    seconds: float
    raw_syncs_per_s: float
    acts_per_s: float
    entries_per_s: float
    entries: int
    commits: int
    checkpoints: int
    syncs_per_commit: float
    entries_per_commit: float
    wait_p50_ms: float
    wait_p95_ms: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--seconds", type=float, default=5.0, help="of each of the three measurements (default 5)")
    parser.add_argument("--inspections", type=int, default=8, help="sessions that offer facts at a time (default 8)")
    parser.add_argument("--fsync-delay-ms", type=float, default=0.0, help="let every sync take so much longer")
    parser.add_argument("--folder", type=Path, help="measure the disk of this folder (default: the temporary one)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Exit status 1 where fewer entries than are wanted become durable."""
    with tempfile.TemporaryDirectory(prefix="ytk-bench", dir=arguments.folder) as folder:
        figures = measure(Path(folder), arguments.seconds, arguments.inspections, arguments.fsync_delay_ms)
    if arguments.json:
        print(json.dumps(asdict(figures), indent=2))
    else:
        print(_told(figures))
    return 0 if figures.entries_per_s >= WANTED_PER_S else 1


def measure(folder: Path, seconds: float, inspections: int, fsync_delay_ms: float) -> LedgerFigures:
    """One measurement after the other in that folder."""
    syncs = 0

    def slow(_path: Path) -> None:
        nonlocal syncs
        syncs += 1
        time.sleep(fsync_delay_ms / 1000)

    raw = raw_syncs_per_s(folder / "raw", seconds, fsync_delay_ms)
    with watched_disk(before=slow):
        work = _measure_ledger(folder / "ledger.db", folder / "key", seconds, inspections, lambda: syncs)
        found = asyncio.run(work)
    return LedgerFigures(fsync_delay_ms, inspections, seconds, round(raw, 1), **found)


def raw_syncs_per_s(path: Path, seconds: float, delay_ms: float) -> float:
    """What the disk does: 4 KiB written at the end and synced, one after the other."""
    began, done = time.monotonic(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        while time.monotonic() - began < seconds:
            os.write(descriptor, _BLOCK)
            time.sleep(delay_ms / 1000)
            os.fsync(descriptor)
            done += 1
    finally:
        os.close(descriptor)
    return done / (time.monotonic() - began)


async def _measure_ledger(
    path: Path, key: Path, seconds: float, inspections: int, syncs: Callable[[], int]
) -> dict[str, Any]:
    upgrade(path)
    ids = [f"inspection{number}" for number in range(inspections)]
    _add_inspections(path, ids)
    master = open_master_key(path, key.with_name("master"))
    database = open_database(path, load_or_create_signer(key), SystemClock(), master)
    try:
        acts = await _acts_per_s(database, ids[0], seconds)
        before = await _count(path)
        load = _Load(database, ids)
        synced, took_s = syncs(), await load.run(seconds)
        synced = syncs() - synced
        after = await _count(path)
    finally:
        await database.aclose()
    waits = sorted(load.waits_s)
    entries = after[0] - before[0]
    return {
        "acts_per_s": round(acts, 1),
        "entries_per_s": round(entries / took_s, 1),
        "entries": entries,
        "commits": load.commits,
        "checkpoints": after[1] - before[1],
        "syncs_per_commit": round(synced / load.commits, 2),
        "entries_per_commit": round(entries / load.commits, 1),
        "wait_p50_ms": round(1000 * waits[len(waits) // 2], 1),
        "wait_p95_ms": round(1000 * waits[len(waits) * 95 // 100], 1),
    }


async def _acts_per_s(database: Database, inspection_id: str, seconds: float) -> float:
    began, done = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        async with database.uow() as uow:
            await append(uow, inspection_id, [_fact(done)])
            await uow.commit()
        done += 1
    return done / (time.monotonic() - began)


class _Load:
    """Keeps the media ledger's queue filled and measures from the offer of a fact to its commit."""

    def __init__(self, database: Database, ids: list[str]) -> None:
        self._ids = ids
        self._ledger = MediaLedger(database.uow, SystemClock(), self._published)
        self._offered: dict[tuple[str, int], float] = {}
        self._room = asyncio.Event()
        self.waits_s: list[float] = []
        self.commits = 0

    async def run(self, seconds: float) -> float:
        """How long it took until everything that was offered within `seconds` was durable."""
        self._ledger.start()
        began, number = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            while len(self._offered) < MOST_WAITING:
                inspection_id, now_s = self._ids[number % len(self._ids)], time.monotonic()
                self._offered[inspection_id, number] = now_s
                self._ledger.offer(inspection_id, _fact(number))
                number += 1
            self._room.clear()
            await self._room.wait()
        await self._ledger.settled()
        took_s = time.monotonic() - began
        await self._ledger.aclose()
        return took_s

    async def _published(self, entries: tuple[Entry, ...]) -> None:
        now_s = time.monotonic()
        self.commits += 1
        self.waits_s += [now_s - self._offered.pop((entry.inspection, entry.payload["index"])) for entry in entries]
        self._room.set()


def _fact(number: int) -> EntryDraft:
    payload = {
        "session_id": "session",
        "track_id": "track",
        "index": number,
        "offset": number * 100_000,
        "length": 100_000,
        "sha256": f"{number:064x}",
        "running_sha256": f"{number + 1:064x}",
        "started_at": "2026-05-06T01:30:00.000Z",
        "ended_at": "2026-05-06T01:30:01.000Z",
        "first_rtp": number * 90_000,
        "last_rtp": number * 90_000 + 89_999,
        "packets": 120,
        "frames": 30,
        "lost": 0,
    }
    return EntryDraft("segment", SYSTEM, "session", payload)


def _add_inspections(path: Path, ids: list[str]) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO users VALUES ('u', 'bench', '', 'inspector', 'bench', '', '', 0)")
        connection.executemany(
            "INSERT INTO inspections (id, number, item_id, item_name, premises_json, applicant_id, applicant_json,"
            " first_inspector_id, state, opened_at) VALUES (?, ?, '', '', '{}', ?, '{}', 'u', 'opened', 0)",
            [(one, one, f"of {one}") for one in ids],
        )
        connection.commit()


async def _count(path: Path) -> tuple[int, int]:
    """Entries and checkpoints in the file, as somebody else's connection sees them."""
    with closing(sqlite3.connect(path)) as connection:
        counted = [
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("entries", "checkpoints")
        ]
    return counted[0], counted[1]


def _told(figures: LedgerFigures) -> str:
    return (
        f"disk alone: {figures.raw_syncs_per_s:.0f} syncs/s (each {figures.fsync_delay_ms:g} ms slower than it is)\n"
        f"acts, one commit each: {figures.acts_per_s:.0f}/s\n"
        f"facts of {figures.inspections} sessions in groups: {figures.entries_per_s:.0f} entries/s "
        f"({figures.entries_per_commit:g} a commit, {figures.syncs_per_commit:g} syncs each, "
        f"{figures.checkpoints} checkpoints; wait p50 {figures.wait_p50_ms:g} ms, p95 {figures.wait_p95_ms:g} ms)\n"
        f"wanted: {WANTED_PER_S} entries/s"
    )
