"""Viewing copies in the background, known by their files."""

from __future__ import annotations

import asyncio
import json

import pytest

from media.errors import Kind, MediaError
from media.stills_port import Replay
from web.replay_jobs import MOST_WAITING, ReplayJobs, State

pytestmark = pytest.mark.integration


class Maker:
    """Makes copies when let; notes which."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.begun = asyncio.Event()
        self.sessions: list[str] = []
        self.running = 0
        self.most_running = 0
        self.refusal: Exception | None = None

    async def __call__(self, session_directory, out_path) -> Replay:
        self.sessions.append(session_directory.name)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.begun.set()
        try:
            await self.let.wait()
            if self.refusal:
                raise self.refusal
            out_path.write_bytes(b"film")
            return Replay(1_700_000_000_000_000, 4_200)
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
