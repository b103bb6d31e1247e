from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import Entry, EntryDraft
from inspection.domain.entry_kinds import PayloadError
from inspection.domain.errors import InspectionError, Kind
from inspection.services.media_ledger import MediaLedger, MediaLedgerConfig
from inspection.services.ports import UnitOfWork
from tests.inspection.services.office import House, open_house

pytestmark = pytest.mark.integration

QUICK = MediaLedgerConfig(group_s=0.0, first_retry_s=0.0)


def lost(number: int, session_id: str = "s1") -> EntryDraft:
    at = "2026-05-06T01:30:00.000Z"
    span = {"started_at": at, "ended_at": at}
    return EntryDraft("gap", SYSTEM, None, {"session_id": session_id, "cause": "loss", **span, "packets": number})


class Desk:
    """A media ledger over a real database that can be away; `sleeps` counts waits, `rounds` transactions."""

    def __init__(self, house: House, config: MediaLedgerConfig) -> None:
        self.house = house
        self.failures: list[Exception] = []
        self.rounds = 0
        self.sleeps: list[float] = []
        self.published: list[tuple[Entry, ...]] = []
        self.ledger = MediaLedger(self.open_uow, house.clock, self.publish, config, self.sleep)

    @asynccontextmanager
    async def open_uow(self) -> AsyncIterator[UnitOfWork]:
        self.rounds += 1
        if self.failures:
            raise self.failures.pop(0)
        async with self.house.office.uow() as uow:
            yield uow

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        await asyncio.sleep(0)

    async def publish(self, entries: tuple[Entry, ...]) -> None:
        self.published.append(entries)

    async def packets(self, inspection_id: str) -> list[int]:
        async with self.house.office.reading() as uow:
            entries = await uow.entries.list(inspection_id, 1, 10_000)
        return [entry.payload["packets"] for entry in entries]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    opened = open_house(tmp_path)
    yield opened
    await opened.aclose()


async def two_inspections(house: House) -> tuple[str, str]:
    inspector = (await house.staff("li")).as_actor()
    return (await house.opened(inspector)).id, (await house.opened(inspector)).id


async def test_facts_of_many_inspections_share_a_transaction_in_order(house):
    one, other = await two_inspections(house)
    desk = Desk(house, QUICK)
    for number in range(50):
        assert desk.ledger.offer(one if number % 2 else other, lost(number))
    desk.ledger.start()
    await desk.ledger.settled()
    assert desk.rounds == 1
    assert await desk.packets(one) == list(range(1, 50, 2))
    assert await desk.packets(other) == list(range(0, 50, 2))
    assert sum(map(len, desk.published)) == 50
    await desk.ledger.aclose()


async def test_facts_wait_while_the_database_is_away_and_none_is_lost(house):
    one, _ = await two_inspections(house)
    desk = Desk(house, MediaLedgerConfig(group_s=0.0, first_retry_s=1.0, last_retry_s=4.0))
    away = [
        InspectionError(Kind.UNAVAILABLE, "storage_full", "full"),
        OSError("gone"),
        OSError("gone"),
        OSError("gone"),
    ]
    desk.failures = list(away)
    desk.ledger.start()
    for number in range(5):
        desk.ledger.offer(one, lost(number))
    await desk.ledger.settled()
    assert [seconds for seconds in desk.sleeps if seconds] == [1.0, 2.0, 4.0, 4.0]
    assert await desk.packets(one) == [0, 1, 2, 3, 4]
    await desk.ledger.aclose()


async def test_a_full_queue_tells_its_loss_as_a_gap(house):
    one, _ = await two_inspections(house)
    desk = Desk(house, MediaLedgerConfig(capacity=3, group_s=0.0))
    assert [desk.ledger.offer(one, lost(number)) for number in range(5)] == [True, True, True, False, False]
    house.clock.move(seconds=2)
    assert not desk.ledger.offer(one, lost(9))
    desk.ledger.start()
    await desk.ledger.settled()
    assert desk.ledger.offer(one, lost(7))
    await desk.ledger.settled()
    async with house.office.reading() as uow:
        entries = [entry for entry in await uow.entries.list(one, 0, 100) if entry.kind == "gap"]
    assert [entry.payload["packets"] for entry in entries] == [0, 1, 2, 3, 7]
    assert entries[3].payload["cause"] == "ledger"
    assert (entries[3].payload["started_at"], entries[3].payload["ended_at"]) == (
        "2026-05-06T01:30:00.000Z",
        "2026-05-06T01:30:02.000Z",
    )
    await desk.ledger.aclose()


async def test_closing_commits_what_waits_and_refuses_what_comes_later(house):
    one, _ = await two_inspections(house)
    desk = Desk(house, QUICK)
    desk.ledger.start()
    for number in range(1200):
        desk.ledger.offer(one, lost(number))
    await desk.ledger.aclose()
    await desk.ledger.aclose()
    assert await desk.packets(one) == list(range(1200))
    assert not desk.ledger.offer(one, lost(1))


async def test_closing_gives_up_in_the_end_when_the_database_stays_away(house):
    one, _ = await two_inspections(house)
    desk = Desk(house, MediaLedgerConfig(group_s=0.0, first_retry_s=0.01, last_retry_s=0.01, drain_s=0.05))
    desk.failures = [OSError("gone")] * 1_000_000
    desk.ledger.start()
    desk.ledger.offer(one, lost(1))
    waiting = asyncio.create_task(desk.ledger.settled())
    await desk.ledger.aclose()
    await waiting
    assert desk.published == []


async def test_a_malformed_fact_is_refused_at_once(house):
    desk = Desk(house, QUICK)
    with pytest.raises(PayloadError):
        desk.ledger.offer("any", EntryDraft("gap", SYSTEM, None, {"cause": "loss"}))


async def test_a_deaf_listener_costs_no_fact(house):
    one, _ = await two_inspections(house)
    desk = Desk(house, QUICK)

    async def deaf(entries: tuple[Entry, ...]) -> None:
        raise RuntimeError("deaf")

    ledger = MediaLedger(desk.open_uow, house.clock, deaf, QUICK, desk.sleep)
    ledger.start()
    ledger.offer(one, lost(1))
    ledger.offer(one, lost(2))
    await ledger.aclose()
    assert await desk.packets(one) == [1, 2]
