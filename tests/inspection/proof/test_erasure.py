"""The drill: what was erased is in no byte of the data folder, and the record still verifies and says so."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from inspection.domain.actor import SYSTEM, Actor, Level, Role
from inspection.domain.errors import InspectionError, Kind
from inspection.domain.retention import ERASED_WORDS, RetentionClass, years_after
from inspection.domain.verification import State
from inspection.services import audit, erasure, holds, inspections, reveal
from inspection.services.check import check
from inspection.services.erasure import ErasureRule, Remains
from inspection.services.packages import plan_package
from inspection.services.pending_erasures import PendingErasures, PendingErasuresConfig
from inspection.store import traces
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.package_export import export_file
from inspection.store.package_files import verify_file
from inspection.store.signer import verify_ed25519
from inspection.store.traces import holds_any
from tests.inspection.proof.test_privacy import holding
from tests.inspection.proof.whole_case import JPEG, PERSONS, WORDS, play
from tests.inspection.services.office import PHONE, START, USCC, Live, go_live, open_house

pytestmark = pytest.mark.integration

ALL = tuple(RetentionClass)
AUDITOR = Actor(Role.AUDITOR, "auditor1", "孙审", Level.ACCOUNT)
BASIS = "《个人信息保护法》第四十七条"


@pytest.fixture
async def live(tmp_path) -> AsyncIterator[Live]:
    house = open_house(tmp_path)
    played = await go_live(house)
    await play(played)
    yield played
    await house.aclose()


def files_of(live: Live) -> EvidenceFiles:
    return EvidenceFiles(live.house.data / "evidence", floor_bytes=0)


def remains_of(live: Live) -> Remains:
    return Remains(live.house.database, files_of(live))


async def erased(live: Live, *classes: RetentionClass, rule: ErasureRule = ErasureRule.EXPIRY) -> None:
    await erasure.erase(live.office, remains_of(live), SYSTEM, live.inspection.id, classes or ALL, rule, BASIS)


async def refused(awaitable) -> str:
    with pytest.raises(InspectionError) as caught:
        await awaitable
    return caught.value.code


def after_the_time(live: Live) -> None:
    live.house.clock.at = years_after(START, 5).replace(month=6)


def wrapped_keys(live: Live) -> list[bytes]:
    database = sqlite3.connect(live.house.data / "yuntakan.db")
    rows = database.execute("SELECT wrapped FROM data_keys WHERE scope = ?", (live.inspection.id,)).fetchall()
    database.close()
    return [wrapped for (wrapped,) in rows]


def sealed_cells(live: Live) -> list[str]:
    database = sqlite3.connect(live.house.data / "yuntakan.db")
    cells = [row[0] for row in database.execute("SELECT text FROM findings UNION SELECT summary FROM sessions")]
    database.close()
    return [cell for cell in cells if cell]


async def test_the_drill_leaves_nothing_to_recover_and_the_record_verifies(live: Live, tmp_path):
    after_the_time(live)
    wrapped = wrapped_keys(live)
    assert len(wrapped) >= 2
    assert sealed_cells(live)
    await erased(live)
    assert wrapped_keys(live) == []
    assert not holds_any(live.house.data / "yuntakan.db", wrapped), "file, journal and WAL"
    assert holding(live.house.data, (*PERSONS, *WORDS)) == []
    assert not any(JPEG in path.read_bytes() for path in live.house.data.rglob("*") if path.is_file())
    async with live.office.reading() as uow:
        inspection = await uow.inspections.find(live.inspection.id)
        entries = await uow.entries.list(live.inspection.id, 0, 1000)
    assert await inspections.find_inspections(live.office, AUDITOR, PHONE) == []
    assert inspection is not None
    assert (inspection.premises.name, inspection.applicant.phone) == (ERASED_WORDS, ERASED_WORDS)
    assert entries[0].opened_json()["payload"]["applicant"]["name"] == {"erased": True}
    assert entries[-1].payload["classes"] == ["media", "person", "text"]
    assert entries[-1].payload["not_reached"] == ["copies_handed_out", "backups", "free_blocks_of_the_disk"]
    plan = await plan_package(live.office, live.inspection.id)
    out = tmp_path / "after.zip"
    export_file(plan, files_of(live), live.office.signer, out, live.office.clock.now(), "test")
    verdict = verify_file(out, live.office.signer.public_key())
    assert (verdict.state, verdict.first_problem) == (State.WHOLE, None)
    assert {one.rule for one in plan.withheld} == {"erased"}
    said = "\n".join(verdict.to_json("zh-CN")["claimed"])
    assert "按规则 expiry(依据:《个人信息保护法》第四十七条)删除 media, person, text" in said
    assert (await checked(live)) == []


async def checked(live: Live) -> list[tuple[str, str]]:
    key = live.office.signer.public_key()
    report = await check(live.office.reading, files_of(live), key, verify_ed25519, live.inspection.id)
    return [(one.code, one.where) for one in report.mismatches]


async def test_what_was_kept_before_an_erasure_does_not_open_with_keys_made_since(live: Live):
    after_the_time(live)
    await erased(live)
    await audit.view(live.office, AUDITOR, live.inspection.id, "detail")
    async with live.office.reading() as uow:
        entries = await uow.entries.list(live.inspection.id, 0, 1000)
        finding = (await uow.findings.list(live.inspection.id))[0]
    assert entries[-1].opened_json()["actor"]["name"] == "孙审", "who looks is on record by name again"
    assert (finding.text, finding.rectifications[0].text) == (ERASED_WORDS, ERASED_WORDS)
    assert await checked(live) == []


async def test_one_class_goes_and_the_others_stay(live: Live):
    after_the_time(live)
    await erased(live, RetentionClass.TEXT)
    assert [text for _, text in holding(live.house.data, WORDS)] == []
    async with live.office.reading() as uow:
        inspection = await uow.inspections.find(live.inspection.id)
    assert inspection is not None
    assert inspection.opinion is not None
    assert (inspection.premises.name, inspection.opinion.text) == ("闽味小馆", ERASED_WORDS)
    assert files_of(live).has_media(live.inspection.id)
    assert await checked(live) == []


async def test_names_do_not_go_before_the_pictures_that_show_them(live: Live):
    after_the_time(live)
    assert await refused(erased(live, RetentionClass.PERSON)) == "media_first"


async def test_nothing_is_erased_while_the_law_wants_it_kept(live: Live):
    assert await refused(erased(live)) == "retention_running"
    assert await refused(erased(live, rule=ErasureRule.REQUEST)) == "retention_running"
    live.house.clock.at = years_after(START, 5)
    await erased(live)


async def test_nothing_is_erased_under_a_hold(live: Live):
    after_the_time(live)
    await holds.set_hold(live.office, AUDITOR, live.inspection.id, True, "行政诉讼")
    assert await refused(erased(live)) == "held"
    assert await erasure.find_due(live.office, remains_of(live)) == []
    assert await refused(holds.set_hold(live.office, AUDITOR, live.inspection.id, True, "again")) == "hold_unchanged"
    await holds.set_hold(live.office, AUDITOR, live.inspection.id, False, "结案")
    await erased(live)


async def test_an_inspection_that_is_not_concluded_keeps_everything(tmp_path):
    house = open_house(tmp_path)
    live = await go_live(house)
    after_the_time(live)
    assert await refused(erased(live)) == "not_concluded"
    assert await erasure.find_due(live.office, remains_of(live)) == []
    await house.aclose()


async def test_only_the_console_erases(live: Live):
    after_the_time(live)
    asked = erasure.erase(
        live.office, remains_of(live), live.inspector, live.inspection.id, ALL, ErasureRule.EXPIRY, BASIS
    )
    assert await refused(asked) == "not_allowed"


async def test_what_is_due_is_found_once(live: Live):
    assert await erasure.find_due(live.office, remains_of(live)) == []
    after_the_time(live)
    due = await erasure.find_due(live.office, remains_of(live))
    assert [(one.number, one.classes) for one in due] == [(live.inspection.number, ALL)]
    await erased(live)
    assert await erasure.find_due(live.office, remains_of(live)) == []


class BrokenFiles(EvidenceFiles):
    async def erase_media(self, inspection_id: str) -> int:
        raise OSError("the power went")


async def test_an_interrupted_erasure_goes_on_at_the_next_start(live: Live):
    after_the_time(live)
    broken = Remains(live.house.database, BrokenFiles(live.house.data / "evidence", 0))
    with pytest.raises(OSError, match="power"):
        await erasure.erase(live.office, broken, SYSTEM, live.inspection.id, ALL, ErasureRule.EXPIRY, BASIS)
    assert files_of(live).has_media(live.inspection.id)
    assert await erasure.finish_erasures(live.office, remains_of(live)) == 1
    assert not files_of(live).has_media(live.inspection.id)
    assert await erasure.finish_erasures(live.office, remains_of(live)) == 0


async def test_without_the_messages_forgotten_nothing_is_erased_and_after_a_crash_none_is_left(live: Live):
    after_the_time(live)
    assert live.house.sms.sent
    live.house.sms.broken = True
    assert await refused(erased(live)) == "sms_unavailable"
    assert wrapped_keys(live) and files_of(live).has_media(live.inspection.id)
    live.house.sms.broken = False
    broken = Remains(live.house.database, BrokenFiles(live.house.data / "evidence", 0))
    with pytest.raises(OSError, match="power"):
        await erasure.erase(live.office, broken, SYSTEM, live.inspection.id, ALL, ErasureRule.EXPIRY, BASIS)
    assert live.house.sms.sent == []


@contextmanager
def reader_of(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM inspections").fetchone()
        yield


async def begin_erasures(live: Live, *inspection_ids: str) -> None:
    async with live.office.uow() as uow:
        for inspection_id in inspection_ids:
            await uow.erasures.begin(inspection_id, True)
        await uow.commit()


async def pending(live: Live) -> list[str]:
    async with live.office.reading() as uow:
        return [inspection_id for inspection_id, _ in await uow.erasures.list()]


async def test_a_reader_of_the_database_keeps_no_server_from_its_start(live: Live, monkeypatch, caplog):
    monkeypatch.setattr(traces, "_PATIENCE_S", 0.1)
    await begin_erasures(live, live.inspection.id)
    keeper = PendingErasures(live.office, remains_of(live), PendingErasuresConfig(0.01, 0.02))
    with reader_of(live.house.data / "yuntakan.db"):
        await keeper.start()
        assert "storage_busy" in caplog.text
        assert await pending(live) == [live.inspection.id]
    async with asyncio.timeout(10):
        while await pending(live):  # noqa: ASYNC110  (the database is asked)
            await asyncio.sleep(0.01)
    await keeper.aclose()
    await keeper.aclose()


class CountedTraces:
    def __init__(self, live: Live) -> None:
        self._live = live
        self.wiped = 0

    async def wipe(self, gone: Sequence[bytes], *, thoroughly: bool = False) -> None:
        self.wiped += 1
        await self._live.house.database.wipe(gone, thoroughly=thoroughly)


class StuckFiles(EvidenceFiles):
    stuck = ""

    async def erase_media(self, inspection_id: str) -> int:
        if inspection_id == self.stuck:
            raise InspectionError(Kind.UNAVAILABLE, "storage_failed", "stuck")
        return await super().erase_media(inspection_id)


async def test_the_file_is_written_anew_once_for_all_and_one_that_is_stuck_keeps_no_other(live: Live):
    others = [(await live.house.opened(live.inspector)).id for _ in range(2)]
    await begin_erasures(live, live.inspection.id, *others)
    files = StuckFiles(live.house.data / "evidence", 0)
    files.stuck = live.inspection.id
    counted = CountedTraces(live)
    assert await refused(erasure.finish_erasures(live.office, Remains(counted, files))) == "storage_failed"
    assert counted.wiped == 1
    assert await pending(live) == [live.inspection.id]


async def test_a_number_is_shown_for_a_reason_which_is_on_record(live: Live):
    shown = await reveal.reveal(live.office, live.inspector, live.inspection.id, "phone", "回拨核实")
    assert (shown.value, shown.shown_s) == (PHONE, 30)
    entry = shown.entries[0]
    assert (entry.kind, entry.payload["what"], entry.opened_payload()["reason"]) == ("reveal", "phone", "回拨核实")
    assert (await reveal.reveal(live.office, AUDITOR, live.inspection.id, "id_number", "核对")).value == USCC
    assert PHONE not in repr(shown)


async def test_numbers_are_shown_ten_times_an_hour_and_not_without_a_reason_or_to_applicants(live: Live):
    assert (
        await refused(reveal.reveal(live.office, live.inspector, live.inspection.id, "phone", " ")) == "field_invalid"
    )
    assert (
        await refused(reveal.reveal(live.office, live.applicant, live.inspection.id, "phone", "x x")) == "not_allowed"
    )
    for _ in range(10):
        await reveal.reveal(live.office, live.inspector, live.inspection.id, "phone", "回拨核实")
    again = reveal.reveal(live.office, live.inspector, live.inspection.id, "phone", "回拨核实")
    assert await refused(again) == "too_many_attempts"
    live.house.clock.move(hours=1)
    await reveal.reveal(live.office, live.inspector, live.inspection.id, "phone", "回拨核实")
