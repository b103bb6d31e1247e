"""A disk that takes 10 ms for each sync, twenty sessions, and a loop that must not notice."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

import pytest

from media.journal import JournalDisk, JournalWriter, read_journal
from tests.media.clips import header_of
from tests.media.journal.disks import BadDisk, Told

pytestmark = pytest.mark.integration

SESSIONS, SECONDS, SYNC_S = 20, 4.0, 0.010
TICK_S = 0.02
#: kind, packets a tick, bytes: a picture of 1.5 Mb/s, and two voices.
TRACKS = [("video", 4, 940), ("audio", 1, 120), ("audio", 1, 120)]


class SlowDisk(BadDisk):
    def sync(self, descriptor: int) -> None:
        time.sleep(SYNC_S)
        super().sync(descriptor)


class Sender:
    def __init__(self, writer: JournalWriter, packets: int, size_bytes: int, ssrc: int) -> None:
        self.writer = writer
        self.sent = 0
        self._packets = packets
        self._size_bytes = size_bytes
        self._ssrc = ssrc.to_bytes(4, "big")

    def send(self) -> None:
        now_us = time.time_ns() // 1000
        for _ in range(self._packets):
            head = b"\x80\x60" + (self.sent & 0xFFFF).to_bytes(2, "big") + bytes(4) + self._ssrc
            self.writer.append(head.ljust(self._size_bytes, b"\0"), now_us)
            self.sent += 1


async def test_twenty_sessions_hold_on_a_disk_that_takes_10_ms_for_a_sync(tmp_path: Path) -> None:
    disk, told = JournalDisk(files=SlowDisk()), Told()
    disk.start()
    senders = []
    for number in range(SESSIONS * len(TRACKS)):
        kind, packets, size_bytes = TRACKS[number % len(TRACKS)]
        writer = disk.open(tmp_path / f"{number}.ytj", header_of(str(number), kind), told)
        senders.append(Sender(writer, packets, size_bytes, number))
    late_s = await play(senders)
    await asyncio.gather(*(sender.writer.aclose() for sender in senders))
    await disk.aclose()
    assert told.order.count("trouble") == 0, "no packet was dropped by a journal"
    for number, sender in enumerate(senders):
        assert sum(1 for _ in read_journal(tmp_path / f"{number}.ytj")) == sender.sent > 0
    assert late_s < SYNC_S, "the loop waited for the disk"
    ends = {int(one.track_id): one.running_sha256 for one in told.segments}
    assert len(ends) == len(senders)


async def play(senders: list[Sender]) -> float:
    """All send at their pace; by how much the loop was usually late (the median: the machine may be busy)."""
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    late_s: list[float] = []
    for _ in range(int(SECONDS / TICK_S)):
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        late_s.append(loop.time() - due_s)
        for sender in senders:
            sender.send()
        due_s += TICK_S
    return median(late_s)
