"""Real browsers on a bad line. What is asserted in the default run is right or wrong, not fast or slow; the figures of
each scenario are `bench`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from media.journal.format import RTP
from media.journal.reader import read_header, read_journal
from media.rtp.sequence import unwrap16
from tests.faults.call import Call, live_call
from tests.faults.leg import LegProfile
from tests.faults.marked_clip import write_marked_clip
from tests.faults.run import play
from tests.faults.scenarios import ABSENT, SCENARIOS, gaps_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), pytest.mark.usefixtures("may_make_networks")]

LOST_PACKETS = 25
BACK_S = 30.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_marked_clip(tmp_path_factory.mktemp("clip") / "marked.y4m", seconds=4)


async def test_what_a_losing_line_loses_is_repaired_before_it_is_recorded(clip: Path, tmp_path: Path) -> None:
    async with live_call(tmp_path, clip, seed=1) as call:
        peers = await call.peers_made()
        call.network.set(
            "phone", up=LegProfile(loss=0.05, delay_ms=50, loss_only_udp=True), down=LegProfile(delay_ms=50)
        )
        while call.network.counts()["phone.up"]["dropped"].get("loss", 0) < LOST_PACKETS:
            await call.watch(0.5)
        call.network.set("phone", up=LegProfile(), down=LegProfile())
        assert await call.until_newer(time.time() * 1000, BACK_S) is not None
        assert await call.peers_made() == peers and call.is_live()
        entries = await call.end()
    assert [gap for gap in gaps_of(entries) if gap["cause"] == "loss"] == []
    videos = [path for path in tmp_path.rglob("*") if path.is_file() and _is_video_journal(path)]
    assert videos and all(_missing(path) == set() for path in videos)


def _is_video_journal(path: Path) -> bool:
    try:
        return read_header(path).kind == "video"
    except ValueError:
        return False


def _missing(journal: Path) -> set[int]:
    """Sequence numbers between the first and the last that are not in the record."""
    numbers: list[int] = []
    for record in read_journal(journal):
        if record.kind == RTP:
            sequence = int.from_bytes(record.payload[2:4], "big")
            numbers.append(unwrap16(numbers[-1] if numbers else 0x10000 + sequence, sequence))
    return set(range(min(numbers), max(numbers) + 1)) - set(numbers)


async def test_an_outage_and_a_new_address_leave_the_same_session_and_one_gap_each(
    clip: Path, tmp_path: Path
) -> None:
    async with live_call(tmp_path, clip, seed=1) as call:
        outage_ms = time.time() * 1000
        dark = LegProfile(blackout=True)
        call.network.set("phone", up=dark, down=dark)
        await call.watch(3)
        call.network.set("phone", up=LegProfile(), down=LegProfile())
        await _is_back(call)
        move_ms = time.time() * 1000
        call.network.move("phone", 9)
        await _is_back(call)
        moved_ms = time.time() * 1000
        entries = await call.end()
    gaps = [gap for gap in gaps_of(entries) if gap["ended_ms"] >= outage_ms]
    assert [gap["cause"] in ABSENT for gap in gaps] == [True, True], gaps
    outage, move = gaps
    assert outage["cause"] == "silent"
    assert outage_ms - 1000 <= outage["began_ms"] and outage["ended_ms"] <= move_ms, gaps
    assert outage["ended_ms"] - outage["began_ms"] >= 2500, gaps
    assert move_ms - 1000 <= move["began_ms"] and move_ms < move["ended_ms"] <= moved_ms, gaps


async def _is_back(call: Call) -> None:
    assert await call.until_newer(time.time() * 1000, BACK_S) is not None, "no picture"
    assert call.is_live(), "another session"
    await call.watch(3)


@pytest.mark.bench
@pytest.mark.parametrize("name", sorted(SCENARIOS))
async def test_the_figures_of(name: str, tmp_path: Path) -> None:
    result = await play(name, seed=1, minutes=1.0, folder=tmp_path)
    print(result)
    assert result["falls_short"] == []
