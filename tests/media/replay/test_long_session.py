"""An hour of 720p at 15 frames a second with a key frame every half minute, as it is recorded: how long people wait.

`pytest tests/media/replay/test_long_session.py -m bench -s` prints the figures.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from media.journal.format import RTP, encode_header, encode_record
from media.replay_mux import write_replay
from media.stills_index import index_path
from media.stills_track import find_picture
from tests.e2e.browsers import chromium
from tests.media.clips import START_US, encode_h264, encode_vp8, header_of, tone_packets, video_packets
from tests.media.replay.test_replay_in_chromium import served

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

MINUTES, FPS, GROUP = 60, 15, 450
JUMPS = 12
SEEK = "at => new Promise((done) => { v.onseeked = () => done(shown()); v.currentTime = at })"


@pytest.fixture(scope="module", params=["VP8", "H264"])
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an hour of journals: one group of pictures again and again, and one voice."""
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "journal").mkdir()
    encode = encode_vp8 if request.param == "VP8" else encode_h264
    group = encode(range(GROUP), width=1280, height=720)
    write_repeated(folder / "journal" / "v.ytj", request.param, group)
    write_voice(folder / "journal" / "a.ytj")
    return folder


def write_repeated(path: Path, codec: str, group: list[bytes]) -> None:
    packets = video_packets(group, codec=codec, fps=FPS, start_us=0, first_sequence=0, first_timestamp=0)
    rounds = MINUTES * 60 * FPS // GROUP
    with path.open("wb") as file:
        file.write(encode_header(header_of("v", "video", codec=codec)))
        for number in range(rounds):
            shift_us, shift_rtp = number * GROUP * 1_000_000 // FPS, number * GROUP * 90_000 // FPS
            for at, (packet, arrival_us) in enumerate(packets):
                sequence = (number * len(packets) + at) & 0xFFFF
                timestamp = (int.from_bytes(packet[4:8], "big") + shift_rtp) & 0xFFFFFFFF
                moved = packet[:2] + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big") + packet[8:]
                file.write(encode_record(RTP, START_US + arrival_us + shift_us, moved))


def write_voice(path: Path) -> None:
    minute = tone_packets(60.0, start_us=0)
    with path.open("wb") as file:
        file.write(encode_header(header_of("a", "audio")))
        for number in range(MINUTES):
            for at, (packet, arrival_us) in enumerate(minute):
                count = number * len(minute) + at
                moved = packet[:2] + (count & 0xFFFF).to_bytes(2, "big") + (count * 960).to_bytes(4, "big") + packet[8:]
                file.write(encode_record(RTP, START_US + arrival_us + number * 60_000_000, moved))


async def test_an_hour_is_looked_back_into_and_played_at_once(session: Path) -> None:
    journal = session / "journal" / "v.ytj"
    say(f"\n{journal.stat().st_size / 1e6:.0f} MB, {MINUTES} min")
    moments = [START_US + random.Random(5).randrange(MINUTES * 60 * 1_000_000) for _ in range(JUMPS)]
    took_s = timed(lambda: find_picture(journal, moments[0]))
    say(f"first look back, which makes the index: {took_s:.2f} s; index {index_path(journal).stat().st_size} bytes")
    looks = [timed(lambda at_us=at_us: find_picture(journal, at_us)) for at_us in moments]
    say(f"a look back: median {statistics.median(looks):.2f} s, longest {max(looks):.2f} s")
    started = time.perf_counter()
    replay = write_replay(session, session / "film")
    took_s = time.perf_counter() - started
    say(f"the film of an hour: {took_s:.1f} s, {replay.container}, {replay.size_bytes / 1e6:.0f} MB")
    film = session / f"film.{replay.container}"
    (session / "film").rename(film)
    starts, jumps = await played(film)
    say(f"from asking to the first picture: {starts:.2f} s; jumps: median {statistics.median(jumps):.2f} s, "
        f"longest {max(jumps):.2f} s")  # fmt: skip
    assert starts <= 1.0 and statistics.median(jumps) <= 1.0


async def played(film: Path) -> tuple[float, list[float]]:
    """(seconds from the address to the first picture, seconds of each jump)."""
    async with chromium() as browser, served(film) as url:
        page = await browser.new_page()
        started = time.perf_counter()
        await page.goto(url)
        await page.wait_for_function("v.readyState >= 2", polling=10)
        first_s = time.perf_counter() - started
        jumps = []
        for at_s in random.Random(7).sample(range(10, MINUTES * 60 - 10), JUMPS):
            started = time.perf_counter()
            shown: list[Any] = await page.evaluate(SEEK, at_s + 0.01)
            jumps.append(time.perf_counter() - started)
            expected = at_s * FPS % GROUP
            assert abs(shown[0] - expected) <= 2, (at_s, shown, expected)
    return first_s, jumps


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    assert work() is not None
    return time.perf_counter() - started


def say(text: str) -> None:
    print(text, file=sys.stderr)
