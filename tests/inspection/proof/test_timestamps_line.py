"""Who waits before an authority gets a turn, whatever those in front of them come to."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from inspection.services.stamping import Stamping, StampingConfig, StampingStore
from inspection.services.stamping_ports import Stamped, StampFailed
from inspection.store.timestamp_client import AuthorityCertificates, HttpTimestampAuthority
from tests.inspection.proof.test_timestamps_kept import entries, opened, until
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, Authority, ServedAuthority, serving
from tests.inspection.services.office import House, open_house

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed: apt-get install openssl")

QUICK = StampingConfig(every_s=0.01, first_retry_s=0.01, last_retry_s=0.02, batch=2)


class ChoosyAuthority:
    """A real authority that fails for some inspections."""

    number, is_test = 0, False

    def __init__(self, inner: HttpTimestampAuthority, cause: str) -> None:
        self._inner, self._cause = inner, cause
        self.failing: set[str] = set()
        self.asked: list[str] = []

    @property
    def name(self) -> str:
        return self._inner.name

    async def stamp(self, data: bytes) -> Stamped:
        for inspection_id in self.failing:
            if inspection_id.encode() in data:
                self.asked.append(inspection_id)
                raise StampFailed(self._cause, "this one never")
        return await self._inner.stamp(data)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedAuthority]:
    with serving(Authority.make(tmp_path / "authority")) as server:
        yield server


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = open_house(tmp_path / "data")
    yield house
    await house.aclose()


@asynccontextmanager
async def stamping(house: House, served: ServedAuthority, cause: str) -> AsyncIterator[ChoosyAuthority]:
    async with aiohttp.ClientSession() as session:
        certificates = AuthorityCertificates((served.authority.root.certificate,))
        honest = HttpTimestampAuthority(session, served.url, "机构", 0, certificates, answer_s=5)
        choosy = ChoosyAuthority(honest, cause)
        office = house.office
        store = StampingStore(office.uow, office.reading, office.evidence, office.clock, lambda entries: None)
        made = Stamping(store, [choosy], time.monotonic, QUICK)
        leave = office.checkpoint_feed.listen(made.take)
        made.start()
        try:
            yield choosy
        finally:
            leave()
            await made.aclose()


async def asked(choosy: ChoosyAuthority, who: set[str], times: int) -> bool:
    return all(choosy.asked.count(one) >= times for one in who)


@pytest.mark.parametrize("cause", ["refused", "timeout"])
async def test_those_that_fail_each_time_hold_up_nobody_behind_them(
    house: House, served: ServedAuthority, cause: str
) -> None:
    async with stamping(house, served, cause) as choosy:
        served.mode = "down"
        in_front = [await opened(house, name) for name in ("aa", "bb", "cc")]
        choosy.failing = {one.id for one in in_front}
        for one in in_front:
            await until(lambda one=one: entries(house, one, "timestamp_failed"))
        house.clock.move(seconds=1)
        behind = await opened(house, "dd")
        served.mode = "ok"
        await until(lambda: entries(house, behind, "timestamp"))
        await until(lambda: asked(choosy, choosy.failing, 2))
        choosy.failing = set()
        for one in in_front:
            await until(lambda one=one: entries(house, one, "timestamp"))
    assert [len(await entries(house, one, "timestamp_failed")) for one in in_front] == [1, 1, 1]


async def test_a_ledger_that_takes_no_entry_holds_up_nobody_behind_it(house: House, served: ServedAuthority) -> None:
    served.mode = "down"
    async with stamping(house, served, "refused") as choosy:
        broken = await opened(house, "aa")
        await until(lambda: entries(house, broken, "timestamp_failed"))
        with closing(sqlite3.connect(house.data / "yuntakan.db")) as connection:
            connection.execute("DROP TRIGGER checkpoints_refuse_update")
            connection.execute("UPDATE checkpoints SET nodes = nodes || '00'")
            connection.commit()
        house.clock.move(seconds=1)
        others = [await opened(house, name) for name in ("bb", "cc")]
        for one in others:
            await until(lambda one=one: entries(house, one, "timestamp_failed"))
        served.mode = "ok"
        for one in others:
            await until(lambda one=one: entries(house, one, "timestamp"))
    assert choosy.asked == []
    assert await entries(house, broken, "timestamp") == []
