"""Checkpoints on their way to an authority and back into the record: real database, real files, openssl behind HTTP."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from inspection.domain.entry import Entry
from inspection.domain.inspections import Inspection
from inspection.domain.timestamps import check_token
from inspection.services.ledger import close_ledger
from inspection.services.stamping import Stamping, StampingConfig, StampingStore
from inspection.services.stamping_ports import StampFailed, StampWanted
from inspection.store.timestamp_client import ANSWER_S, AuthorityCertificates, HttpTimestampAuthority
from tests.inspection.proof.timestamp_authority import HAS_OPENSSL, Authority, ServedAuthority, serving
from tests.inspection.services.office import House, open_house

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="openssl is not installed: apt-get install openssl")

QUICK = StampingConfig(every_s=0.05, first_retry_s=0.02, last_retry_s=0.05)
DEADLINE_S = 10.0


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def served(authority: Authority) -> Iterator[ServedAuthority]:
    with serving(authority) as server:
        yield server


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = open_house(tmp_path / "data")
    yield house
    await house.aclose()


@asynccontextmanager
async def stamping(
    house: House, *served: ServedAuthority, config: StampingConfig = QUICK, answer_s: float = 1
) -> AsyncIterator[Stamping]:
    """Follows the office's checkpoints, as the server has it."""
    async with aiohttp.ClientSession() as session:
        certificates = AuthorityCertificates((served[0].authority.root.certificate,) if served else ())
        authorities = [
            HttpTimestampAuthority(session, one.url, f"机构{n}", n, certificates, answer_s=answer_s)
            for n, one in enumerate(served)
        ]
        office = house.office
        store = StampingStore(office.uow, office.reading, office.evidence, office.clock, lambda entries: None)
        made = Stamping(store, authorities, time.monotonic, config)
        leave = office.checkpoint_feed.listen(made.take)
        made.start()
        try:
            yield made
        finally:
            leave()
            await made.aclose()


async def opened(house: House, username: str = "li") -> Inspection:
    return await house.opened((await house.staff(username)).as_actor())


async def entries(house: House, inspection: Inspection, kind: str) -> list[Entry]:
    async with house.office.reading() as uow:
        return [entry for entry in await uow.entries.list(inspection.id, 0, 1000) if entry.kind == kind]


async def until(holds: Callable[[], Any]) -> Any:
    """The first true answer; fails after the deadline."""
    async with asyncio.timeout(DEADLINE_S):
        while not (found := await holds()):  # noqa: ASYNC110  (a database: nothing to wait on)
            await asyncio.sleep(0.01)
    return found


async def queued(house: House) -> list[tuple[str, int, bool]]:
    async with house.office.reading() as uow:
        names = await uow.stamps.list_authorities()
        waiting = [one for name in names for one in await uow.stamps.list_waiting(name, 100)]
    return [(one.authority, one.size, one.declared) for one in waiting]


async def test_a_growing_ledger_gets_a_stamp_that_openssl_accepts(house: House, served: ServedAuthority) -> None:
    async with stamping(house, served):
        inspection = await opened(house)
        (entry,) = await until(lambda: entries(house, inspection, "timestamp"))
    said = entry.payload
    path = house.data / "evidence" / inspection.id / said["file"]
    assert said["file"] == f"timestamps/{said['size']}-0.tst"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == said["token_sha256"]
    async with house.office.reading() as uow:
        heads = {head.size: head for head in await uow.checkpoints.list(inspection.id, 0, 100)}
    line = heads[said["size"]].to_line()
    assert heads[said["size"]].root == said["root"]
    assert check_token(path.read_bytes(), line, [served.authority.root.certificate]).gen_time == said["gen_time"]
    (house.data / "line").write_bytes(line)
    (house.data / "root.pem").write_bytes(served.authority.root.pem)
    command = ["openssl", "ts", "-verify", "-token_in", "-in", str(path), "-data", str(house.data / "line")]
    done = await asyncio.create_subprocess_exec(
        *command, "-CAfile", str(house.data / "root.pem"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert b"Verification: OK" in (await done.communicate())[0]
    assert await queued(house) == []


async def test_its_own_entries_are_no_reason_for_another_stamp(house: House, served: ServedAuthority) -> None:
    async with stamping(house, served):
        inspection = await opened(house)
        await until(lambda: entries(house, inspection, "timestamp"))
        async with house.office.uow() as uow:
            await close_ledger(uow, inspection.id)
            await uow.commit()
        other = await house.opened((await house.staff("wang")).as_actor())
        await until(lambda: entries(house, other, "timestamp"))
    assert served.asked == 2
    assert len(await entries(house, inspection, "timestamp")) == 1


async def test_each_authority_stamps_for_itself(house: House, served: ServedAuthority, authority: Authority) -> None:
    with serving(authority) as other:
        other.mode = "down"
        async with stamping(house, served, other):
            inspection = await opened(house)
            (stamped,) = await until(lambda: entries(house, inspection, "timestamp"))
            (failed,) = await until(lambda: entries(house, inspection, "timestamp_failed"))
            assert (stamped.payload["authority"], failed.payload["authority"]) == ("机构0", "机构1")
            other.mode = "ok"
            both = await until(lambda: _at_least(house, inspection, 2))
    assert sorted(entry.payload["file"][-5] for entry in both) == ["0", "1"]


async def _at_least(house: House, inspection: Inspection, count: int) -> list[Entry]:
    found = await entries(house, inspection, "timestamp")
    return found if len(found) >= count else []


@pytest.mark.parametrize(
    ("mode", "cause"),
    [
        ("down", "unreachable"),
        ("unknown", "refused"),
        ("garbage", "invalid"),
        ("huge", "too_large"),
        ("other", "invalid"),
        ("mute", "timeout"),
    ],
)
async def test_a_failing_authority_is_declared_once_and_asked_again(
    house: House, served: ServedAuthority, mode: str, cause: str
) -> None:
    served.mode = mode
    async with stamping(house, served):
        inspection = await opened(house)
        (failed,) = await until(lambda: entries(house, inspection, "timestamp_failed"))
        assert failed.payload == {"authority": "机构0", "size": failed.payload["size"], "cause": cause}
        asked = served.asked
        await until(lambda: _asked(served, asked + 1))
        assert await queued(house) == [("机构0", failed.payload["size"], True)]
        served.mode = "ok"
        served.let_go.set()
        await until(lambda: entries(house, inspection, "timestamp"))
    assert len(await entries(house, inspection, "timestamp_failed")) == 1
    assert await queued(house) == []


async def _asked(served: ServedAuthority, times: int) -> bool:
    return served.asked >= times


async def test_what_comes_during_an_outage_is_declared_without_another_try(
    house: House, served: ServedAuthority
) -> None:
    served.mode = "down"
    config = StampingConfig(every_s=0.01, first_retry_s=0.5, last_retry_s=0.5)
    async with stamping(house, served, config=config):
        inspection = await opened(house)
        await until(lambda: entries(house, inspection, "timestamp_failed"))
        inspector = (await house.staff("wang")).as_actor()
        other = await house.opened(inspector)
        await until(lambda: entries(house, other, "timestamp_failed"))
        assert served.asked <= 2, "what comes during the outage is declared without another try"
        assert len(await queued(house)) == 2
    assert len(await entries(house, inspection, "timestamp_failed")) == 1


async def test_a_newer_head_takes_the_place_of_an_older_that_waits(house: House) -> None:
    inspection = await opened(house)
    at = house.clock.now()
    older, newer = (StampWanted(inspection.id, "机构", size, "00" * 32, b"line", at) for size in (5, 8))
    async with house.office.uow() as uow:
        await uow.stamps.put(older)
        await uow.stamps.declare(older)
        await uow.stamps.put(newer)
        await uow.stamps.put(older)
        (waiting,) = await uow.stamps.list_waiting("机构", 10)
        assert (waiting.size, waiting.declared) == (8, True)
        await uow.stamps.remove(older)
        (waiting,) = await uow.stamps.list_waiting("机构", 10, undeclared=True)
        await uow.stamps.remove(waiting)
        assert await uow.stamps.list_authorities() == []


async def test_what_waits_survives_a_restart(house: House, served: ServedAuthority) -> None:
    served.mode = "down"
    async with stamping(house, served):
        inspection = await opened(house)
        await until(lambda: entries(house, inspection, "timestamp_failed"))
    served.mode = "ok"
    async with stamping(house, served):
        await until(lambda: entries(house, inspection, "timestamp"))
    assert len(await entries(house, inspection, "timestamp_failed")) == 1


async def test_what_waits_for_an_authority_that_is_gone_is_declared_and_given_up(
    house: House, served: ServedAuthority, authority: Authority
) -> None:
    served.mode = "mute"
    async with stamping(house, served):
        inspection = await opened(house)
        await until(lambda: queued(house))
    async with stamping(house):
        (failed,) = await until(lambda: entries(house, inspection, "timestamp_failed"))
        await until(lambda: _nothing_queued(house))
    assert failed.payload["cause"] == "not_configured"


async def _nothing_queued(house: House) -> bool:
    return await queued(house) == []


async def test_an_act_is_acknowledged_while_an_authority_keeps_silent(house: House, served: ServedAuthority) -> None:
    """It would take the whole time that is given to an authority, if it waited for it."""
    served.mode = "mute"
    async with stamping(house, served, answer_s=ANSWER_S):
        inspector = (await house.staff("li")).as_actor()
        await house.opened(inspector)
        await until(lambda: _asked(served, 1))
        async with asyncio.timeout(ANSWER_S / 2):
            second = await house.opened(inspector, premises_name="另一家")
        assert len(await entries(house, second, "opened")) == 1
        assert await entries(house, second, "timestamp") == []


async def test_an_unreachable_authority_says_so(served: ServedAuthority) -> None:
    async with aiohttp.ClientSession() as session:
        nobody = HttpTimestampAuthority(session, "http://127.0.0.1:9/tsr", "无人", 0)
        with pytest.raises(StampFailed) as failed:
            await nobody.stamp(b"data")
    assert failed.value.cause == "unreachable"


async def test_a_signer_of_another_root_is_not_kept(served: ServedAuthority, tmp_path: Path) -> None:
    stranger = Authority.make(tmp_path).root.certificate
    async with aiohttp.ClientSession() as session:
        authority = HttpTimestampAuthority(session, served.url, "别家", 0, AuthorityCertificates((stranger,)))
        with pytest.raises(StampFailed) as failed:
            await authority.stamp(b"data")
    assert failed.value.cause == "invalid" and "timestamp_chain" in str(failed.value)
