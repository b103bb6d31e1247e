"""The event log on its way to live clients: whole and in order, from wherever entries come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from inspection.domain.entry import Entry
from signaling.feed import EntryFeed

pytestmark = pytest.mark.unit

PAGE = 1000
CASE = "a" * 26
ENTRY = Entry(CASE, 1, "chat", {}, None, "2026-05-06T01:30:00.000Z", None, {}, "", "", "")


def entry(seq: int, inspection: str = CASE) -> Entry:
    return replace(ENTRY, seq=seq, inspection=inspection)


class Store:
    """The ledger, read by pages; and what reached the clients."""

    def __init__(self) -> None:
        self.kept: list[Entry] = []
        self.sent: list[int] = []
        self.broken = False
        self._changed = asyncio.Condition()

    async def read_after(self, inspection_id: str, seq: int) -> tuple[Entry, ...]:
        if self.broken:
            raise OSError("the store is away")
        return tuple(one for one in self.kept if one.seq > seq and one.inspection == inspection_id)[:PAGE]

    async def emit(self, inspection_id: str, one: Entry) -> None:
        async with self._changed:
            self.sent.append(one.seq)
            self._changed.notify_all()

    async def wait_for(self, seq: int) -> None:
        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(lambda: seq in self.sent)


@pytest.fixture
async def store() -> Store:
    return Store()


@pytest.fixture
async def feed(store: Store) -> AsyncIterator[EntryFeed]:
    opened = EntryFeed(store.read_after, store.emit)
    opened.start()
    yield opened
    await opened.aclose()


async def test_entries_that_come_out_of_order_are_sent_in_order(store: Store, feed: EntryFeed) -> None:
    store.kept = [entry(seq) for seq in range(1, 6)]
    feed.follow(CASE, 0)
    feed.publish([entry(4), entry(2)])
    feed.publish([entry(5), entry(1), entry(3)])
    await store.wait_for(5)
    assert store.sent == [1, 2, 3, 4, 5]


async def test_a_hole_is_filled_from_the_store(store: Store, feed: EntryFeed) -> None:
    store.kept = [entry(seq) for seq in range(1, 8)]
    feed.follow(CASE, 2)
    feed.publish([entry(7)])
    await store.wait_for(7)
    assert store.sent == [3, 4, 5, 6, 7]


async def test_a_hole_of_more_than_a_page_is_filled_to_its_end_at_once(store: Store, feed: EntryFeed) -> None:
    store.kept = [entry(seq) for seq in range(1, 2 * PAGE + 6)]
    feed.follow(CASE, 0)
    feed.publish([store.kept[-1]])
    await store.wait_for(2 * PAGE + 5)
    assert store.sent == list(range(1, 2 * PAGE + 6))


async def test_what_nobody_follows_is_not_sent_and_nothing_is_sent_twice(store: Store, feed: EntryFeed) -> None:
    other = "b" * 26
    store.kept = [entry(1), entry(2)]
    feed.follow(CASE, 0)
    feed.publish([entry(1, other), entry(1)])
    await store.wait_for(1)
    feed.publish([entry(1), entry(2)])
    await store.wait_for(2)
    assert store.sent == [1, 2]


async def test_after_a_trouble_of_the_store_the_next_entry_brings_what_was_left_out(
    store: Store, feed: EntryFeed
) -> None:
    store.kept = [entry(seq) for seq in range(1, 4)]
    feed.follow(CASE, 0)
    store.broken = True
    feed.publish([entry(2)])
    await asyncio.sleep(0)
    store.broken = False
    feed.publish([entry(3)])
    await store.wait_for(3)
    assert store.sent == [1, 2, 3]
