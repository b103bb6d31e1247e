"""Automatic stills of many sessions take turns."""

from __future__ import annotations

import asyncio

import pytest

from signaling.still_queue import WAITING_IN_ALL, WAITING_PER_SESSION, FairQueue

pytestmark = pytest.mark.unit


async def test_a_busy_session_does_not_keep_the_others_waiting() -> None:
    queue: FairQueue[int] = FairQueue()
    for number in range(10):
        assert queue.offer("busy", number)
    assert queue.offer("quiet", 100) and queue.offer("other", 200)
    order = []
    for _ in range(5):
        session_id, wanted = await queue.take()
        order.append((session_id, wanted))
        queue.done(session_id)
    assert order == [("busy", 0), ("quiet", 100), ("other", 200), ("busy", 1), ("busy", 2)]


async def test_two_of_one_session_are_never_made_at_once() -> None:
    queue: FairQueue[int] = FairQueue()
    queue.offer("one", 1)
    queue.offer("one", 2)
    assert await queue.take() == ("one", 1)
    second = asyncio.create_task(queue.take())
    queue.offer("two", 3)
    assert await second == ("two", 3)
    third = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not third.done()
    queue.done("one")
    assert await third == ("one", 2)


async def test_a_full_line_leaves_the_newest_out_and_only_its_own() -> None:
    queue: FairQueue[int] = FairQueue()
    taken = [queue.offer("busy", number) for number in range(WAITING_PER_SESSION + 2)]
    assert taken == [True] * WAITING_PER_SESSION + [False] * 2
    assert queue.offer("quiet", 0)


async def test_all_lines_together_are_bounded() -> None:
    queue: FairQueue[int] = FairQueue()
    taken = [queue.offer(str(session), 0) for session in range(WAITING_IN_ALL + 3)]
    assert taken == [True] * WAITING_IN_ALL + [False] * 3
