"""One job after the other, whatever becomes of each."""

from __future__ import annotations

import asyncio

import pytest

from web.job_line import JobLine


async def test_a_job_that_fails_unforeseen_is_logged_and_the_next_is_done(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    async def work(job: str) -> None:
        if job == "bad":
            raise RuntimeError("unforeseen")
        done.append(job)

    line = JobLine(work)
    assert line.ask("bad") and line.ask("good")
    line.start()
    async with asyncio.timeout(5):
        await line.settled()
    assert done == ["good"] and not line.holds("bad")
    assert "a job failed: bad" in caplog.text
    await line.aclose()
    await line.aclose()
