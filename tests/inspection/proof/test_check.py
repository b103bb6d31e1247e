from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import EntryDraft, seal
from inspection.domain.errors import InspectionError
from inspection.domain.findings import Severity
from inspection.domain.observations import StillReason
from inspection.domain.verification import State
from inspection.services import findings, reports, sessions, stills
from inspection.services.check import CheckReport, check
from inspection.services.ledger import append, close_ledger
from inspection.services.packages import plan_package
from inspection.services.results import RenderedStill
from inspection.store.evidence_files import EvidenceFiles
from inspection.store.package_export import export_file
from inspection.store.package_files import verify_file
from inspection.store.signer import verify_ed25519
from tests.inspection.proof.builder import journal_pieces, segment_payloads
from tests.inspection.services.office import Live, go_live, in_days, open_house

pytestmark = pytest.mark.integration
JPEG = b"\xff\xd8 a still \xff\xd9"


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    house = open_house(tmp_path)
    yield await go_live(house)
    await house.aclose()


def evidence_of(live: Live) -> EvidenceFiles:
    return EvidenceFiles(live.house.data / "evidence", floor_bytes=0)


def put(live: Live, file: str, content: bytes) -> None:
    path = evidence_of(live).path(live.inspection.id, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def record(live: Live, segments: int = 3) -> str:
    """A journal with its entries; its path in the inspection's folder."""
    pieces = journal_pieces(live.session_id, "track1", segments)
    file = f"{live.session_id}/journal/track1.ytj"
    put(live, file, b"".join(pieces))
    track = {"participant_id": "p1", "role": "applicant", "kind": "video", "codec": "VP8", "clock_rate": 90_000}
    ids = {"session_id": live.session_id, "track_id": "track1", "journal": "journal/track1.ytj"}
    drafts = [EntryDraft("track", SYSTEM, None, {**ids, **track})]
    drafts += [
        EntryDraft("segment", SYSTEM, None, said) for said in segment_payloads(live.session_id, "track1", pieces)
    ]
    async with live.office.uow() as uow:
        await append(uow, live.inspection.id, drafts)
        await uow.commit()
    return file


async def take_still(live: Live) -> str:
    plan = await stills.plan_still(live.office, live.inspector, live.session_id, StillReason.MANUAL)
    put(live, plan.file, JPEG)
    digest = hashlib.sha256(JPEG).hexdigest()
    rendered = RenderedStill("track1", digest, len(JPEG), 640, 480, 3, 9000, 1_777_000_000_000_000, "a" * 64, "b" * 64)
    await stills.record_still(live.office, live.inspector, plan, rendered)
    return plan.file


async def checked(live: Live, inspection_id: str | None = None) -> CheckReport:
    office = live.office
    return await check(office.reading, evidence_of(live), office.signer.public_key(), verify_ed25519, inspection_id)


def codes(report: CheckReport) -> list[str]:
    return [mismatch.code for mismatch in report.mismatches]


async def full(live: Live) -> tuple[str, str]:
    journal = await record(live)
    still = await take_still(live)
    await findings.raise_finding(
        live.office,
        live.inspector,
        live.inspection.id,
        text="缺少防蝇设施",
        severity=Severity.MINOR,
        clause="§33",
        due_date=in_days(7),
        still_id=None,
        session_id=live.session_id,
        key=live.key(),
    )
    return journal, still


async def test_an_office_whose_rows_files_and_chain_agree_is_sound(live):
    await full(live)
    report = await checked(live)
    assert report.mismatches == []
    assert (report.is_sound, report.inspections, report.files) == (True, 1, 2)
    assert report.entries > 10


async def test_a_changed_file_is_named_with_its_entry(live):
    journal, still = await full(live)
    put(live, still, JPEG[:-1] + b"x")
    content = bytearray(evidence_of(live).path(live.inspection.id, journal).read_bytes())
    content[200] ^= 1
    put(live, journal, bytes(content))
    report = await checked(live, live.inspection.id)
    assert sorted(codes(report)) == ["segment_digest", "still_digest"]
    assert all("entry" in mismatch.where for mismatch in report.mismatches)


async def test_a_missing_and_an_unknown_file_are_named(live):
    journal, still = await full(live)
    await sessions.abandon(live.office, live.session_id)
    evidence_of(live).path(live.inspection.id, still).unlink()
    put(live, f"{live.session_id}/stills/unknown.jpg", b"x")
    report = await checked(live)
    assert [(one.code, one.where) for one in report.mismatches] == [
        ("file_missing", still),
        ("file_unexpected", f"{live.session_id}/stills/unknown.jpg"),
    ]


async def test_a_tail_without_entries_is_named_once_the_session_is_over(live):
    journal, _ = await full(live)
    path = evidence_of(live).path(live.inspection.id, journal)
    path.write_bytes(path.read_bytes() + b"more")
    assert (await checked(live)).is_sound, "while live the next segment is on its way"
    await sessions.abandon(live.office, live.session_id)
    assert codes(await checked(live)) == ["tail_not_attested"]


async def test_a_journal_of_which_nothing_was_whole_is_sound_once_it_is_named(live):
    await full(live)
    put(live, f"{live.session_id}/journal/track2.ytj", b"")
    torn = {"session_id": live.session_id, "track_id": "track2", "offset": 0, "bytes": 5}
    async with live.office.uow() as uow:
        await append(uow, live.inspection.id, [EntryDraft("torn", SYSTEM, None, torn)])
        await uow.commit()
    await sessions.abandon(live.office, live.session_id)
    assert (await checked(live)).mismatches == []


async def test_an_edited_row_and_an_edited_entry_are_named(live):
    await full(live)
    database = sqlite3.connect(live.house.data / "yuntakan.db")
    triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE entries SET line = replace(line, 'minor', 'major') WHERE kind = 'finding'")
    database.commit()
    database.close()
    report = await checked(live)
    assert sorted(codes(report)) == ["entry_hash", "row_differs"]


async def test_a_deleted_entry_is_named(live):
    await full(live)
    database = sqlite3.connect(live.house.data / "yuntakan.db")
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute("DELETE FROM entries WHERE kind = 'still'")
    database.commit()
    database.close()
    report = await checked(live)
    assert "entry_seq" in codes(report)
    assert "row_without_entry" in codes(report)


async def test_an_entry_that_was_signed_anew_is_named_by_the_checkpoint_over_it(live):
    draft = EntryDraft("guidance", live.inspector, None, {"session_id": live.session_id, "what": "cover"})
    async with live.office.uow() as uow:
        (*_, last) = await append(uow, live.inspection.id, [draft])
        await close_ledger(uow, live.inspection.id)
        await uow.commit()
    other = replace(draft, payload={**draft.payload, "what": "detail_on"})
    forged = seal(other, last.inspection, last.seq, last.prev, live.house.clock.now(), live.office.signer.sign)
    with closing(sqlite3.connect(live.house.data / "yuntakan.db")) as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute(
            "UPDATE entries SET line = ?, hash = ? WHERE seq = ?", (forged.to_line().decode(), forged.hash, last.seq)
        )
        database.commit()
    assert "checkpoint_root" in codes(await checked(live))


async def test_a_checkpoint_that_nobody_signed_is_named(live):
    with closing(sqlite3.connect(live.house.data / "yuntakan.db")) as database:
        database.execute("DROP TRIGGER checkpoints_refuse_update")
        database.execute('UPDATE checkpoints SET line = replace(line, \'"at":"2026\', \'"at":"2027\')')
        database.commit()
    assert set(codes(await checked(live))) == {"checkpoint_signature"}


async def test_an_unknown_inspection_is_not_found(live):
    with pytest.raises(InspectionError) as refused:
        await checked(live, "nonsense")
    assert refused.value.code == "unknown"


async def test_a_live_inspection_exports_and_the_package_is_whole(live, tmp_path):
    journal, _ = await full(live)
    path = evidence_of(live).path(live.inspection.id, journal)
    path.write_bytes(path.read_bytes() + b"not attested yet")
    plan = await plan_package(live.office, live.inspection.id)
    await reports.send_chat(live.office, live.inspector, live.session_id, "said after the plan", live.key())
    exported = export_file(
        plan, evidence_of(live), live.office.signer, tmp_path / "p.zip", live.office.clock.now(), "YunTaKan"
    )
    verdict = verify_file(exported.path, live.office.signer.public_key())
    assert (verdict.state, verdict.first_problem) == (State.WHOLE, None)
    assert plan.number == live.inspection.number
