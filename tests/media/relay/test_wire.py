"""The wire between main and its child processes, both ends in one process."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from media.errors import Kind, MediaError
from media.events import EVENT_TYPES, RelayEvent, RelayRestarted, SegmentClosed, from_wire, to_wire
from media.mailbox import Mailbox
from media.wire import LENGTH, MAX_MESSAGE_BYTES, Message, WireClient, WireServer, encode, read_message

pytestmark = pytest.mark.integration


async def answer(call: str, args: Message) -> object:
    if call == "refuse":
        raise MediaError(Kind.CONFLICT, "busy", "not now")
    if call == "break":
        raise RuntimeError("an inner detail")
    if call == "wait":
        await asyncio.Event().wait()
    return args


class Ends:
    def __init__(self) -> None:
        self.server = WireServer(answer)
        self.gone = asyncio.Event()
        self.client = WireClient(self.take, self.gone.set)
        self.taken: asyncio.Queue[Message] = asyncio.Queue()
        self.refuse_events = False

    def take(self, message: Message) -> None:
        if self.refuse_events:
            raise asyncio.QueueFull
        self.taken.put_nowait(message)


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    with tempfile.TemporaryDirectory(prefix="ytk") as folder:
        pair = Ends()
        path = str(Path(folder) / "w.sock")
        await pair.server.listen(path)
        await pair.client.connect(path)
        yield pair
        await pair.client.aclose()
        await pair.server.aclose()


async def test_calls_come_back_with_results_or_coded_errors(ends: Ends) -> None:
    assert await ends.client.call("echo", {"text": "踏勘"}, 5) == {"text": "踏勘"}
    with pytest.raises(MediaError) as refused:
        await ends.client.call("refuse", {}, 5)
    assert (refused.value.kind, refused.value.code, refused.value.message) == (Kind.CONFLICT, "busy", "not now")
    with pytest.raises(MediaError) as broken:
        await ends.client.call("break", {}, 5)
    assert broken.value.kind is Kind.INTERNAL and "detail" not in str(broken.value)


async def test_a_call_to_a_child_that_hangs_or_dies_is_unavailable(ends: Ends) -> None:
    with pytest.raises(MediaError) as slow:
        await ends.client.call("wait", {}, 0.05)
    assert slow.value.code == "relay_unavailable"
    waiting = asyncio.create_task(ends.client.call("wait", {}, 20))
    await ends.client.call("echo", {}, 5)
    await ends.server.aclose()
    with pytest.raises(MediaError):
        await waiting
    await asyncio.wait_for(ends.gone.wait(), 5)
    with pytest.raises(MediaError):
        await ends.client.call("echo", {}, 5)


async def test_events_keep_their_order(ends: Ends) -> None:
    await ends.client.call("echo", {}, 5)
    for number in range(100):
        ends.server.send_event(to_wire(RelayRestarted(number)))
    got = [from_wire(await asyncio.wait_for(ends.taken.get(), 5)) for _ in range(100)]
    assert got == [RelayRestarted(number) for number in range(100)]


async def test_a_child_whose_events_cannot_be_taken_is_given_up(ends: Ends) -> None:
    await ends.client.call("echo", {}, 5)
    ends.refuse_events = True
    ends.server.send_event(to_wire(RelayRestarted(1)))
    await asyncio.wait_for(ends.gone.wait(), 5)


async def test_a_message_that_is_none_is_refused() -> None:
    for data in (LENGTH.pack(MAX_MESSAGE_BYTES + 1), LENGTH.pack(2) + b"[]", LENGTH.pack(3) + b"{x}"):
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        with pytest.raises(ValueError):
            await read_message(reader)
    reader = asyncio.StreamReader()
    reader.feed_data(encode({"a": 1})[:-1])
    reader.feed_eof()
    assert await read_message(reader) is None


def test_every_event_travels() -> None:
    assert set(EVENT_TYPES.values()) == set(get_args(RelayEvent))
    segment = SegmentClosed("s", "t", 1, 2, 3, "a", "b", 4, 5, 6, 7, 8, 9, 10)
    assert from_wire(to_wire(segment)) == segment


async def test_a_mailbox_works_in_order_and_refuses_after_its_end() -> None:
    mailbox, done = Mailbox(), []

    async def work(number: int) -> int:
        await asyncio.sleep(0)
        done.append(number)
        return number

    results = await asyncio.gather(*(mailbox.post(lambda n=n: work(n)) for n in range(20)))
    assert results == done == list(range(20))
    waiting = asyncio.create_task(mailbox.post(asyncio.Event().wait))
    behind = asyncio.create_task(mailbox.post(lambda: work(99)))
    await asyncio.sleep(0)
    await mailbox.aclose()
    for task in (waiting, behind):
        with pytest.raises(MediaError):
            await task
    with pytest.raises(MediaError):
        await mailbox.post(lambda: work(1))
