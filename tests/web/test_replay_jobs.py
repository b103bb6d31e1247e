"""Viewing copies in the background, known by their files."""

from __future__ import annotations

import asyncio
import json

import pytest

from media.errors import Kind, MediaError
from media.stills_port import Replay
from web.job_line import MOST_WAITING
from web.replay_jobs import ReplayJobs, State

pytestmark = pytest.mark.integration


class Maker:
    """Makes copies when let; notes which."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.begun = asyncio.Event()
        self.sessions: list[str] = []
        self.containers: list[str | None] = []
        self.untouched = "webm"
        self.running = 0
        self.most_running = 0
        self.refusal: Exception | None = None

    async def __call__(self, session_directory, out_path, container) -> Replay:
        self.sessions.append(session_directory.name)
        self.containers.append(container)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.begun.set()
        try:
            await self.let.wait()
            if self.refusal:
                raise self.refusal
            out_path.write_bytes(b"film")
            return Replay(1_700_000_000_000_000, 4_200, container or self.untouched)
        finally:
            self.running -= 1


@pytest.fixture
async def maker():
    return Maker()


@pytest.fixture
async def jobs(tmp_path, maker):
    made = ReplayJobs(tmp_path, maker)
    made.start()
    yield made
    await made.aclose()


async def settled(jobs):
    async with asyncio.timeout(5):
        await jobs.settled()


async def test_a_film_does_not_take_the_free_space_that_evidence_needs(maker, tmp_path, caplog):
    maker.let.set()
    jobs = ReplayJobs(tmp_path, maker, free_space_floor_bytes=1 << 60)
    jobs.start()
    jobs.ask("i", "s", "mp4")
    await settled(jobs)
    assert jobs.state("i", "s", "mp4").state is State.NONE
    assert maker.sessions == [] and "the free space left is for evidence" in caplog.text
    assert (tmp_path / "i" / "s" / "derived" / "copy-mp4.asked").exists()
    await jobs.aclose()


async def test_a_copy_goes_from_none_over_making_to_ready(jobs, maker, tmp_path):
    assert jobs.state("i", "s").state is State.NONE
    jobs.ask("i", "s")
    assert jobs.state("i", "s").state is State.MAKING
    await asyncio.wait_for(maker.begun.wait(), 5)
    assert jobs.state("i", "s").state is State.MAKING
    maker.let.set()
    await settled(jobs)
    ready = jobs.state("i", "s")
    assert (ready.state, ready.origin_us, ready.duration_ms) == (State.READY, 1_700_000_000_000_000, 4_200)
    assert ready.path == tmp_path / "i" / "s" / "derived" / "replay.webm" and ready.path.read_bytes() == b"film"


async def test_a_new_run_knows_the_copies_of_an_earlier_one(jobs, maker, tmp_path):
    maker.let.set()
    jobs.ask("i", "s")
    await settled(jobs)
    assert ReplayJobs(tmp_path, maker).state("i", "s").state is State.READY
    jobs.ask("i", "s")
    await settled(jobs)
    assert maker.sessions == ["s"]


async def test_only_one_is_made_at_a_time_and_repeats_are_one_job(jobs, maker):
    for session in ("a", "b", "a", "c", "b"):
        jobs.ask("i", session)
    await asyncio.wait_for(maker.begun.wait(), 5)
    jobs.ask("i", "a")
    maker.let.set()
    await settled(jobs)
    assert (maker.sessions, maker.most_running) == (["a", "b", "c"], 1)


async def test_a_session_without_a_recording_is_tried_once(jobs, maker):
    maker.refusal = MediaError(Kind.NOT_FOUND, "no_recording", "nothing")
    maker.let.set()
    jobs.ask("i", "s")
    await settled(jobs)
    jobs.ask("i", "s")
    await settled(jobs)
    assert jobs.state("i", "s").state is State.NONE
    assert maker.sessions == ["s"]


async def test_a_copy_that_failed_is_tried_again_but_not_for_ever(jobs, maker):
    maker.refusal = MediaError(Kind.UNAVAILABLE, "replay_failed", "out of memory")
    maker.let.set()
    for _ in range(5):
        jobs.ask("i", "s")
        await settled(jobs)
    assert maker.sessions == ["s"] * 3


async def test_a_full_disk_is_no_end_it_is_made_when_asked_for_again(jobs, maker):
    maker.refusal = OSError(28, "No space left on device")
    maker.let.set()
    jobs.ask("i", "s")
    await settled(jobs)
    maker.refusal = None
    jobs.ask("i", "s")
    await settled(jobs)
    assert jobs.state("i", "s").state is State.READY


async def test_facts_that_cannot_be_read_count_as_no_copy(jobs, maker, tmp_path):
    folder = tmp_path / "i" / "s" / "derived"
    folder.mkdir(parents=True)
    (folder / "replay.webm").write_bytes(b"old")
    for facts in ("", "[]", json.dumps({"origin_us": "x"})):
        (folder / "replay.json").write_text(facts)
        assert jobs.state("i", "s").state is State.NONE


async def test_the_queue_is_bounded(jobs, maker):
    for number in range(MOST_WAITING + 50):
        jobs.ask("i", f"s{number}")
    assert jobs.state("i", f"s{MOST_WAITING + 49}").state is State.NONE
    assert jobs.state("i", "s0").state is State.MAKING


async def test_closing_gives_up_what_is_being_made_and_leaves_no_half_copy(tmp_path, maker):
    jobs = ReplayJobs(tmp_path, maker)
    jobs.start()
    jobs.ask("i", "s")
    await asyncio.wait_for(maker.begun.wait(), 5)
    await jobs.aclose()
    await jobs.aclose()
    assert list((tmp_path / "i" / "s" / "derived").iterdir()) == []


async def test_a_copy_that_was_asked_for_is_made_after_a_restart(tmp_path, maker):
    first = ReplayJobs(tmp_path, maker)
    first.start()
    first.ask("i", "s", "mp4")
    first.ask("i", "t", "webm")
    await asyncio.wait_for(maker.begun.wait(), 5)
    await first.aclose()
    maker.let.set()
    second = ReplayJobs(tmp_path, maker)
    second.start()
    assert second.state("i", "s", "mp4").state is State.MAKING
    await settled(second)
    ready = second.state("i", "s", "mp4")
    assert ready.state is State.READY and ready.path == tmp_path / "i" / "s" / "derived" / "copy-mp4.mp4"
    assert second.state("i", "t", "webm").path == tmp_path / "i" / "t" / "derived" / "copy-webm.webm"
    assert maker.containers == ["fmp4", "fmp4", "webm"] and list(tmp_path.rglob("*.asked")) == []
    await second.aclose()


async def test_nobody_waits_for_a_viewing_copy_behind_one_to_take_away(jobs, maker):
    jobs.ask("i", "s", "mp4")
    await asyncio.wait_for(maker.begun.wait(), 5)
    jobs.ask("i", "other")
    async with asyncio.timeout(5):
        while len(maker.sessions) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert maker.sessions == ["s", "other"] and not maker.let.is_set(), "the first is still being made"


async def test_a_viewing_copy_in_webm_is_the_one_to_take_away(jobs, maker):
    maker.let.set()
    jobs.ask("i", "s")
    await settled(jobs)
    jobs.ask("i", "s", "webm")
    assert jobs.state("i", "s", "webm") == jobs.state("i", "s")
    assert maker.containers == [None]


async def test_of_an_h264_session_a_webm_is_made_apart(jobs, maker, tmp_path):
    maker.untouched = "mp4"
    maker.let.set()
    jobs.ask("i", "s")
    jobs.ask("i", "s", "webm")
    await settled(jobs)
    assert jobs.state("i", "s").path == tmp_path / "i" / "s" / "derived" / "replay.mp4"
    assert jobs.state("i", "s", "webm").path == tmp_path / "i" / "s" / "derived" / "copy-webm.webm"


async def test_what_cannot_be_made_is_not_tried_at_every_start(tmp_path, jobs, maker):
    maker.refusal = MediaError(Kind.NOT_FOUND, "no_recording", "nothing")
    maker.let.set()
    jobs.ask("i", "s", "mp4")
    await settled(jobs)
    assert jobs.state("i", "s", "mp4").state is State.NONE and list(tmp_path.rglob("*.asked")) == []
