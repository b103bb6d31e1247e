"""A volume that runs full in a call: people and the ledger are told, the call goes on, the recording comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from inspection.domain.verification import State
from inspection.services.check import check
from inspection.store.package_files import verify_file
from inspection.store.signer import verify_ed25519
from media.bench.material import make_material
from tests.e2e.kills import LightCall
from tests.signaling.served import Case, Served, Watch, serve
from tests.signaling.volumes import fill, small_volume
from web.client import Json
from web.office import open_office
from web.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

VOLUME_MIB, FLOOR_MIB = 64, 20
TOLD_WITHIN_S = 2.0


@pytest_asyncio.fixture
async def full(tmp_path: Path) -> AsyncIterator[Served]:
    with small_volume(tmp_path / "volume", VOLUME_MIB) as volume:
        async with serve(volume / "data", free_space_floor_bytes=FLOOR_MIB * 1024 * 1024) as served:
            yield served


async def test_a_full_volume_is_told_within_two_seconds_the_call_goes_on_and_the_recording_comes_back(
    full: Served, tmp_path: Path
) -> None:
    material = await asyncio.to_thread(make_material)
    case = await full.case()
    problems = [Watch(person, "session:problem") for person in (case.applicant, case.inspector)]
    await case.go_live()
    call = LightCall(case.applicant, case.inspector, case.session_id, material)
    try:
        await call.rebuild()
        await call.wait_frames(20)
        assert call.receiver is not None
        await recording(case, True)
        await asyncio.sleep(1.0)  # something to lose
        filler = full.data.parent / "filler"
        await asyncio.to_thread(fill, filler)
        full_s = time.time()
        for watch in problems:
            await watch.next(timeout_s=TOLD_WITHIN_S, code="recording_disk_full")
        off = await recording(case, False)
        assert time.time() - full_s <= TOLD_WITHIN_S, "both screens and the ledger say so in time"
        assert (off["payload"]["cause"], seconds(off["at"]) - full_s <= TOLD_WITHIN_S) == ("disk_full", True)
        frames = call.receiver.frames
        await frames_beyond(call, frames + 30)
        said = await case.applicant.act("chat:send", {"text": "还在"})
        assert said["seq"] > off["seq"], "what people do is still on record"
        filler.unlink()
        on = await recording(case, True, after_seq=off["seq"])
        await asyncio.sleep(1.5)
        await case.applicant.act("session:stop", {})
    finally:
        await call.aclose()
    await the_record_holds(full, case, off, on, tmp_path)


async def the_record_holds(full: Served, case: Case, off: Json, on: Json, tmp_path: Path) -> None:
    auditor = await full.staff("zhao")
    gap = await disk_gap(case)
    assert gap["packets"] > 30
    assert abs(seconds(gap["started_at"]) - seconds(off["at"])) < 1.0
    assert abs(seconds(gap["ended_at"]) - seconds(on["at"])) < 1.0
    package = tmp_path / "package.zip"
    package.write_bytes(await auditor.get_bytes(f"/api/auditor/inspections/{case.id}/package"))
    assert (await asyncio.to_thread(verify_file, package)).state is State.WHOLE
    async with open_office(Settings(data=full.data)) as opened:
        report = await check(
            opened.office.reading, opened.evidence, opened.signer.public_key(), verify_ed25519, case.id
        )
    assert report.mismatches == []
    for person in (case.applicant, case.inspector):
        await person.aclose()


async def recording(case: Case, on: bool, after_seq: int = 0) -> Json:
    return await case.inspector.log.wait_for(
        lambda one: one["kind"] == "recording" and one["payload"]["on"] is on and one["seq"] > after_seq, 20
    )


async def frames_beyond(call: LightCall, count: int) -> None:
    async with asyncio.timeout(10):
        while call.receiver is None or call.receiver.frames < count:  # noqa: ASYNC110  (another process)
            await asyncio.sleep(0.05)


async def disk_gap(case: Case) -> Json:
    async with asyncio.timeout(10):
        while True:
            gaps = [entry["payload"] for entry in await case.entries("gap") if entry["payload"]["cause"] == "disk"]
            if gaps:
                assert len(gaps) == 1
                return dict(gaps[0])
            await asyncio.sleep(0.1)


def seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
