"""Checkpoints come with the entries that make them due, from the keeper where nobody appends, and at every end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing

import pytest

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError
from inspection.domain.merkle import roots
from inspection.services import checkpoints as checkpoint_tasks
from inspection.services import reports, sessions
from inspection.services.checkpoints import CheckpointKeeper, CheckpointKeeperConfig
from inspection.services.ledger import append, close_ledger
from inspection.store.signer import verify_ed25519
from tests.inspection.services.office import Live, go_live, open_house

pytestmark = pytest.mark.integration


@pytest.fixture
async def live(tmp_path):
    house = open_house(tmp_path)
    yield await go_live(house)
    await house.aclose()


async def chat(live: Live) -> None:
    await reports.send_chat(live.office, live.applicant, live.session_id, "你好", live.key())


async def checkpoints(live: Live) -> list[Checkpoint]:
    """All of them, after every one was held against the entries."""
    async with live.office.reading() as uow:
        found = await uow.checkpoints.list(live.inspection.id, 0, 10_000)
        hashes = await uow.entries.list_hashes(live.inspection.id, 0)
    by_size = list(roots(bytes.fromhex(one) for one in hashes))
    for one in found:
        assert one.root_bytes == by_size[one.size - 1]
        assert one.is_signed_by(live.office.signer.public_key(), verify_ed25519)
    assert [one.at for one in found] == sorted(one.at for one in found)
    return found


async def sizes(live: Live) -> list[int]:
    return [one.size for one in await checkpoints(live)]


async def head(live: Live) -> int:
    async with live.office.reading() as uow:
        found = await uow.entries.head(live.inspection.id)
    assert found is not None
    return found[0]


async def add_facts(live: Live, count: int) -> None:
    draft = EntryDraft("guidance", live.inspector, live.session_id, {"session_id": live.session_id, "what": "cover"})
    async with live.office.uow() as uow:
        await append(uow, live.inspection.id, [draft] * count)
        await uow.commit()


async def test_ten_entries_have_a_checkpoint_also_within_one_transaction(live):
    await add_facts(live, 1)
    before = await sizes(live)
    await add_facts(live, 35)
    after = await sizes(live)
    assert after[: len(before)] == before
    assert all(later - earlier <= 10 for earlier, later in zip([0, *after], after, strict=False))
    assert await head(live) - after[-1] < 10


async def test_an_entry_after_a_second_brings_its_checkpoint_along(live):
    await chat(live)
    live.house.clock.move(seconds=0.8)
    await chat(live)
    assert (await sizes(live))[-1] == await head(live)


async def test_an_entry_soon_after_a_checkpoint_waits_for_the_next(live):
    live.house.clock.move(seconds=1)
    await chat(live)
    await chat(live)
    assert (await sizes(live))[-1] == await head(live) - 1


async def test_a_clock_that_was_set_back_makes_no_checkpoint_run_back_and_keeps_none_waiting(live):
    live.house.clock.move(seconds=1)
    await chat(live)
    live.house.clock.move(hours=-5)
    await chat(live)
    found = await checkpoints(live)
    assert found[-1].size == await head(live)
    assert found[-1].at == found[-2].at


async def test_the_end_of_a_session_has_its_checkpoint(live):
    live.house.clock.move(seconds=1)
    await chat(live)
    await sessions.abandon(live.office, live.session_id)
    assert (await sizes(live))[-1] == await head(live)


async def test_closing_a_ledger_twice_makes_one_checkpoint(live):
    await chat(live)
    for _ in range(2):
        async with live.office.uow() as uow:
            closed = await close_ledger(uow, live.inspection.id)
            await uow.commit()
        assert closed.size == await head(live)
    found = await sizes(live)
    assert found == sorted(set(found))


async def test_a_ledger_without_an_entry_has_nothing_to_close(live):
    async with live.office.uow() as uow:
        with pytest.raises(InspectionError) as refused:
            await close_ledger(uow, "nobody")
    assert refused.value.code == "unknown"


async def test_nobody_hears_of_a_checkpoint_before_its_commit_or_without_it(live):
    heard: list[tuple[str, int]] = []
    leave = live.office.checkpoint_feed.listen(lambda inspection_id, one: heard.append((inspection_id, one.size)))
    live.house.clock.move(seconds=1)
    draft = EntryDraft("guidance", live.inspector, live.session_id, {"session_id": live.session_id, "what": "cover"})
    async with live.office.uow() as uow:
        await append(uow, live.inspection.id, [draft])
        assert heard == []
    assert heard == [], "it was rolled back"
    await chat(live)
    assert heard == [(live.inspection.id, await head(live))]
    leave()
    leave()
    live.house.clock.move(seconds=1)
    await chat(live)
    assert len(heard) == 1


async def test_a_listener_that_fails_costs_nobody_the_news(live, caplog):
    heard: list[int] = []

    def fail(_inspection_id: str, _checkpoint: Checkpoint) -> None:
        raise RuntimeError("deaf")

    live.office.checkpoint_feed.listen(fail)
    live.office.checkpoint_feed.listen(lambda _, one: heard.append(one.size))
    live.house.clock.move(seconds=1)
    await chat(live)
    assert heard == [await head(live)]
    assert "a listener to checkpoints failed" in caplog.text


async def test_a_tree_that_was_changed_is_not_signed_again(live):
    live.house.clock.move(seconds=1)
    await chat(live)
    with closing(sqlite3.connect(live.house.data / "yuntakan.db")) as connection:
        connection.execute("DROP TRIGGER checkpoints_refuse_update")
        connection.execute("UPDATE checkpoints SET nodes = replace(nodes, substr(nodes, 1, 8), 'deadbeef')")
        connection.commit()
    with pytest.raises(InspectionError) as refused:
        await chat(live)
    assert refused.value.code == "ledger_damaged"


class HandClock:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.s = 0.0

    def now_s(self) -> float:
        return self.s


async def until(done) -> None:
    async with asyncio.timeout(5):
        while not await done():  # noqa: ASYNC110  (the database is asked)
            await asyncio.sleep(0)


@pytest.fixture
async def kept(live):
    """A keeper at work, with its clock."""
    clock = HandClock()
    keeper = CheckpointKeeper(live.office.uow, now_s=clock.now_s)
    leave = live.office.checkpoint_feed.follow(keeper)
    yield keeper, clock
    leave()
    await keeper.aclose()
    await keeper.aclose()


async def is_closed(live: Live) -> bool:
    return (await sizes(live))[-1] == await head(live)


async def test_the_keeper_closes_at_its_start_what_an_earlier_run_left(live, kept):
    live.house.clock.move(seconds=1)
    await chat(live)
    await chat(live)
    assert not await is_closed(live)
    await kept[0].start()
    await until(lambda: is_closed(live))


async def test_the_keeper_closes_what_nobody_appends_to_within_the_second(live, kept):
    keeper, clock = kept
    await keeper.start()
    await until(lambda: is_closed(live))
    live.house.clock.move(seconds=1)
    await chat(live)
    live.house.clock.move(seconds=0.5)
    clock.s += 0.1
    await chat(live)
    assert not await is_closed(live)
    await asyncio.sleep(0)
    clock.s += 0.31
    await until(lambda: is_closed(live))


async def test_the_keeper_signs_what_is_open_when_it_ends(live, kept):
    keeper, _ = kept
    await keeper.start()
    await until(lambda: is_closed(live))
    live.house.clock.move(seconds=1)
    await chat(live)
    await chat(live)
    await keeper.aclose()
    assert await is_closed(live)


async def test_the_keeper_goes_on_after_a_database_that_was_away(live):
    tries = 0
    original = live.office.uow

    def open_uow():
        nonlocal tries
        tries += 1
        if tries == 2:
            raise RuntimeError("away")
        return original()

    live.house.clock.move(seconds=1)
    await chat(live)
    await chat(live)
    keeper = CheckpointKeeper(open_uow, CheckpointKeeperConfig(first_retry_s=0.01))
    await keeper.start()
    await until(lambda: is_closed(live))
    await keeper.aclose()
    assert tries == 3


def damage(live: Live, change: str, of: str) -> None:
    with closing(sqlite3.connect(live.house.data / "yuntakan.db")) as connection:
        connection.execute("DROP TRIGGER checkpoints_refuse_update")
        connection.execute(f"UPDATE checkpoints SET {change} WHERE inspection_id = ?", (of,))
        connection.commit()


UNREADABLE = ("nodes = nodes || '00'", "nodes = substr(nodes, 3)", "nodes = 'zz'", "line = substr(line, 2)")


@pytest.mark.parametrize("change", UNREADABLE)
async def test_a_checkpoint_that_cannot_be_read_says_that_the_ledger_is_damaged(live, change):
    await chat(live)
    damage(live, change, live.inspection.id)
    with pytest.raises(InspectionError) as refused:
        await chat(live)
    assert refused.value.code == "ledger_damaged"


async def behind(live: Live, username: str) -> str:
    """An inspection with an entry that no checkpoint covers."""
    inspector = (await live.house.staff(username)).as_actor()
    inspection = await live.house.opened(inspector)
    live.house.clock.move(seconds=1)
    for _ in range(2):
        await live.house.invited(inspector, inspection)
    return inspection.id


async def list_behind(live: Live) -> list[str]:
    async with live.office.reading() as uow:
        return await uow.checkpoints.list_behind()


async def test_a_damaged_ledger_costs_no_other_its_checkpoint(live):
    await chat(live)
    others = [await behind(live, name) for name in ("aa", "bb")]
    await chat(live)
    await chat(live)
    damage(live, "nodes = nodes || '00'", live.inspection.id)
    assert {live.inspection.id, *others} <= set(await list_behind(live))
    keeper = CheckpointKeeper(live.office.uow)
    await keeper.start()
    await until(lambda: only_behind(live, live.inspection.id))
    await keeper.aclose()


async def only_behind(live: Live, inspection_id: str) -> bool:
    return await list_behind(live) == [inspection_id]


async def test_a_ledger_that_no_code_foresees_costs_no_other_its_checkpoint(live, monkeypatch):
    others = [await behind(live, name) for name in ("aa", "bb", "cc")]
    poisoned = others[0]

    async def close_or_fail(uow, inspection_id):
        if inspection_id == poisoned:
            raise RuntimeError("poisoned")
        return await close_ledger(uow, inspection_id)

    monkeypatch.setattr(checkpoint_tasks, "close_ledger", close_or_fail)
    clock = HandClock()
    keeper = CheckpointKeeper(live.office.uow, now_s=clock.now_s)
    leave = live.office.checkpoint_feed.follow(keeper)
    await keeper.start()
    await until(lambda: only_behind(live, poisoned))
    clock.s += 1
    for _ in range(2):
        await chat(live)
    clock.s += 1
    await until(lambda: only_behind(live, poisoned))
    leave()
    await keeper.aclose()
    assert await list_behind(live) == [poisoned], "every other one has its checkpoint"


class SlowSigner:
    """Says that it is slow, and keeps which threads it signed on."""

    def __init__(self, inner) -> None:
        self._inner = inner
        self.threads: set[threading.Thread] = set()

    @property
    def is_slow(self) -> bool:
        return True

    def public_key(self) -> bytes:
        return self._inner.public_key()

    def sign(self, message: bytes) -> bytes:
        self.threads.add(threading.current_thread())
        return self._inner.sign(message)


async def test_a_slow_key_never_signs_on_the_loop_not_even_its_own_first_line(tmp_path, monkeypatch):
    house = open_house(tmp_path)
    slow = SlowSigner(house.office.signer)
    monkeypatch.setattr(house.database, "_signer", slow)
    await house.opened((await house.staff("li")).as_actor())
    assert slow.threads and threading.main_thread() not in slow.threads
    await house.aclose()
