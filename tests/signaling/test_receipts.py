"""Heads on their way to live clients: each with the proof that it continues the one before."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.merkle import root_of, verify_consistency
from signaling.receipts import ReceiptFeed

pytestmark = pytest.mark.unit

CASE, OTHER = "a" * 26, "b" * 26
LEAVES = [hashlib.sha256(bytes([seq])).digest() for seq in range(200)]
PAGE = 60


def head(size: int, inspection: str = CASE) -> Checkpoint:
    root = root_of(LEAVES[:size]).hex()
    return Checkpoint(inspection, size, root, "2026-05-06T01:30:00.000Z", "0" * 16, "c2ln")


class House:
    """The ledger, read by pages; who watches; and what reached the clients."""

    def __init__(self) -> None:
        self.watched = {CASE, OTHER}
        self.broken: set[str] = set()
        self.read = 0
        self.sent: list[tuple[Checkpoint, int, Sequence[bytes]]] = []
        self.may_send = asyncio.Event()
        self.may_send.set()
        self.stopped = asyncio.Event()
        self._changed = asyncio.Condition()

    async def read_leaves(self, inspection_id: str, after: int, upto: int) -> Sequence[bytes]:
        if inspection_id in self.broken:
            raise OSError("the store is away")
        found = LEAVES[after : min(upto, after + PAGE)]
        self.read += len(found)
        return found

    async def emit(self, checkpoint: Checkpoint, after: int, proof: Sequence[bytes]) -> None:
        if not self.may_send.is_set():
            self.stopped.set()
        await self.may_send.wait()
        async with self._changed:
            self.sent.append((checkpoint, after, proof))
            self._changed.notify_all()

    async def wait_for(self, size: int, inspection: str = CASE) -> None:
        def is_there() -> bool:
            return any((one.inspection, one.size) == (inspection, size) for one, _, _ in self.sent)

        async with asyncio.timeout(5), self._changed:
            await self._changed.wait_for(is_there)

    def sizes(self) -> list[tuple[int, int]]:
        return [(after, one.size) for one, after, _ in self.sent]


@pytest.fixture
async def house() -> House:
    return House()


@pytest.fixture
async def feed(house: House) -> AsyncIterator[ReceiptFeed]:
    opened = ReceiptFeed(house.read_leaves, house.emit, lambda one: one in house.watched)
    opened.start()
    yield opened
    await opened.aclose()
    await opened.aclose()


async def send(feed: ReceiptFeed, house: House, *sizes: int) -> None:
    for size in sizes:
        feed.offer(CASE, head(size))
        await house.wait_for(size)


async def test_each_head_comes_with_the_proof_from_the_one_before(house: House, feed: ReceiptFeed) -> None:
    await send(feed, house, 3, 10, 17, 130)
    assert house.sizes() == [(3, 3), (3, 10), (10, 17), (17, 130)]
    for (before, _, _), (later, after, proof) in zip(house.sent, house.sent[1:], strict=False):
        assert after == before.size
        assert verify_consistency(before.size, before.root_bytes, later.size, later.root_bytes, proof)


async def test_each_entry_is_read_once(house: House, feed: ReceiptFeed) -> None:
    await send(feed, house, *range(1, 200, 7))
    assert house.read == 197


async def test_of_heads_that_wait_only_the_newest_goes_out(house: House, feed: ReceiptFeed) -> None:
    house.may_send.clear()
    feed.offer(CASE, head(1))
    await asyncio.wait_for(house.stopped.wait(), 5)
    for size in (2, 5, 4, 3):
        feed.offer(CASE, head(size))
    house.may_send.set()
    await house.wait_for(5)
    await send(feed, house, 6)
    assert house.sizes() == [(1, 1), (1, 5), (5, 6)]


async def test_an_older_head_is_not_sent_after_a_newer_one(house: House, feed: ReceiptFeed) -> None:
    await send(feed, house, 9)
    feed.offer(CASE, head(4))
    await send(feed, house, 12)
    assert house.sizes() == [(9, 9), (9, 12)]


async def test_nobody_watching_costs_nothing_and_begins_anew(house: House, feed: ReceiptFeed) -> None:
    await send(feed, house, 9)
    house.watched.discard(CASE)
    feed.offer(CASE, head(20))
    feed.offer(OTHER, head(2, OTHER))
    await house.wait_for(2, OTHER)
    assert house.read == 9 + 2
    house.watched.add(CASE)
    await send(feed, house, 30)
    assert house.sizes()[-1] == (30, 30)
    assert house.read == 9 + 2 + 30, "its tree was let go of"


async def test_trouble_with_one_inspection_does_not_silence_the_others(
    house: House, feed: ReceiptFeed, caplog: pytest.LogCaptureFixture
) -> None:
    house.broken = {CASE}
    feed.offer(CASE, head(3))
    feed.offer(OTHER, head(2, OTHER))
    await house.wait_for(2, OTHER)
    house.broken = set()
    await send(feed, house, 5)
    assert "could not be sent" in caplog.text


async def test_a_head_beyond_the_ledger_is_an_error_of_ours_and_said(
    house: House, feed: ReceiptFeed, caplog: pytest.LogCaptureFixture
) -> None:
    feed.offer(CASE, replace(head(200), size=201))
    feed.offer(OTHER, replace(head(9, OTHER), root="0" * 64))
    await house.wait_for(9, OTHER)
    assert "could not be sent" in caplog.text
    assert [record.levelno for record in caplog.records if "is not the ledger's" in record.message] == [logging.ERROR]
