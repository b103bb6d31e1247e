"""The writer thread: many journals at once, a disk that cannot follow, and a process that is killed."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
from pathlib import Path

import pytest

from media.journal import JournalConfig, JournalDisk, read_journal, scan
from tests.media.clips import Packets, encode_vp8, header_of, tone_packets, video_packets
from tests.media.journal.disks import BadDisk, Told

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
VIDEO = video_packets(encode_vp8(range(60)))
VOICE = tone_packets(2)


class StuckDisk(BadDisk):
    """Writes wait until the test lets them go."""

    def __init__(self) -> None:
        super().__init__()
        self.may_write = threading.Event()

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        self.may_write.wait(10)
        return super().write(descriptor, content, offset)


class FaultyDisk(BadDisk):
    """A fault of our own, which no disk would raise."""

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        raise RuntimeError("a bug")


def content_of(path: Path) -> Packets:
    return [(record.payload, record.arrival_us) for record in read_journal(path)]


async def test_journals_that_are_written_at_once_each_hold_their_own(tmp_path: Path) -> None:
    disk, told = JournalDisk(), Told()
    disk.start()
    paths = [tmp_path / "journal" / f"{number}.ytj" for number in range(8)]
    kinds = ["video", "audio"] * 4
    writers = [disk.open(path, header_of(path.stem, kind), told) for path, kind in zip(paths, kinds, strict=True)]
    for writer, kind in zip(writers, kinds, strict=True):
        for packet, arrival_us in VIDEO if kind == "video" else VOICE:
            writer.append(packet, arrival_us)
    ends = await asyncio.gather(*(writer.aclose() for writer in writers))
    await disk.aclose()
    for path, kind, end in zip(paths, kinds, ends, strict=True):
        assert content_of(path) == (VIDEO if kind == "video" else VOICE)
        assert path.stat().st_size == end.bytes
        mine = [segment for segment in told.segments if segment.track_id == path.stem]
        assert mine[-1].running_sha256 == end.sha256
    assert told.order.count("trouble") == 0


async def test_closing_twice_gives_the_same_end_and_late_packets_are_ignored(tmp_path: Path) -> None:
    disk = JournalDisk()
    disk.start()
    writer = disk.open(tmp_path / "a.ytj", header_of("a", "video"), Told())
    writer.append(*VIDEO[0])
    writer.append_sender_report(b"\x80\xc8\x00\x06" + bytes(24), VIDEO[0][1])
    first = await writer.aclose()
    writer.append(*VIDEO[1])
    assert await writer.aclose() == first
    await disk.aclose()
    await disk.aclose()
    assert [record.kind for record in read_journal(tmp_path / "a.ytj")] == [1, 2]


async def test_closing_the_disk_closes_what_is_still_open(tmp_path: Path) -> None:
    disk = JournalDisk()
    disk.start()
    writer = disk.open(tmp_path / "a.ytj", header_of("a", "video"), Told())
    for packet, arrival_us in VIDEO:
        writer.append(packet, arrival_us)
    await disk.aclose()
    assert content_of(tmp_path / "a.ytj") == VIDEO


async def test_a_fault_that_is_none_of_the_disks_is_told_as_trouble_too(tmp_path: Path) -> None:
    faulty, told = FaultyDisk(), Told()
    disk = JournalDisk(files=faulty)
    disk.start()
    writer = disk.open(tmp_path / "video.ytj", header_of("video", "video"), told)
    for packet, arrival_us in VIDEO:
        writer.append(packet, arrival_us)
    async with asyncio.timeout(5):
        while "trouble" not in told.order:  # noqa: ASYNC110  (told by a thread)
            await asyncio.sleep(0.01)
    await disk.aclose()
    assert told.order.count("trouble") == 1


async def test_a_disk_that_cannot_follow_costs_the_newest_packets_and_says_so(tmp_path: Path) -> None:
    stuck, told = StuckDisk(), Told()
    disk = JournalDisk(JournalConfig(inbox_bytes=20_000, write_every_s=0.01), stuck)
    disk.start()
    writer = disk.open(tmp_path / "a.ytj", header_of("a", "video"), told)
    sized = [(packet.ljust(1000, b"\0"), at) for packet, at in VIDEO]
    for packet, arrival_us in sized[:60]:
        writer.append(packet, arrival_us)
    assert [trouble.cause for trouble in told.troubles] == ["io_error"]
    stuck.may_write.set()
    end = await writer.aclose()
    await disk.aclose()
    (resumed,) = told.resumed
    kept = content_of(tmp_path / "a.ytj")
    assert kept == sized[: len(kept)]
    assert len(kept) + resumed.packets == 60
    assert scan(tmp_path / "a.ytj").sha256 == end.sha256


async def test_the_loop_never_waits_for_the_disk(tmp_path: Path) -> None:
    stuck = StuckDisk()
    disk = JournalDisk(files=stuck)
    disk.start()
    writer = disk.open(tmp_path / "a.ytj", header_of("a", "video"), Told())
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(20):
        for packet, arrival_us in VIDEO[:50]:
            writer.append(packet, arrival_us)
    assert loop.time() - started < 0.5
    stuck.may_write.set()
    await writer.aclose()
    await disk.aclose()


@pytest.mark.parametrize("seed", range(4))
async def test_a_killed_recorder_loses_less_than_a_second_and_nothing_attested(tmp_path: Path, seed: int) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.media.journal.recorder", str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert child.stdout is not None
    await _read_until(child.stdout, "ready")
    lifetime_s = random.Random(seed).uniform(0.3, 2.2)
    lines: list[str] = []
    try:
        async with asyncio.timeout(lifetime_s):
            while line := await child.stdout.readline():
                lines.append(line.decode())
    except TimeoutError:
        child.kill()
    lines += (await child.stdout.read()).decode().splitlines()
    await child.wait()
    last_us = max(int(line.split()[1]) for line in lines if line.startswith("packet ") and len(line.split()) == 2)
    for kind in ("video", "audio"):
        path = tmp_path / f"{kind}.ytj"
        attested = [int(line.split()[2]) for line in lines if line.startswith(f"segment {kind} ")]
        found = scan(path, max(attested, default=0), len(attested))
        assert found.missing_bytes == 0
        assert last_us - found.ended_us < 1_000_000
        assert sum(1 for _ in read_journal(path)) > 0


async def _read_until(stream: asyncio.StreamReader, word: str) -> None:
    async with asyncio.timeout(30):
        while (await stream.readline()).decode().strip() != word:
            pass
