"""A live session with real media: recorded, stamped, interrupted, and whole in the end."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from inspection.domain.verification import State
from inspection.store.package_files import verify_file
from tests.media.relay.aiortc_peers import PlainVideo, Tone
from tests.signaling.served import Case, Served, Watch, serve
from web.client import Json
from web.client_calls import Calls

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(180)]


class Call:
    """A session with the applicant's picture and voice up, and the inspector's voice."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.phone = Calls(case.applicant, [PlainVideo(), Tone()])
        self.desk = Calls(case.inspector, [Tone()])

    async def recorded(self) -> Json:
        """The entry that says that recording runs."""
        return await self.case.inspector.log.wait_for(lambda entry: is_recording(entry, True), 30)

    async def whole(self, tmp_path: Path) -> list[Json]:
        """The exported package verifies; its entries."""
        auditor = await self.case.served.staff("zhao")
        package = tmp_path / "package.zip"
        package.write_bytes(await auditor.get_bytes(f"/api/auditor/inspections/{self.case.id}/package"))
        verdict = await asyncio.to_thread(verify_file, package)
        assert verdict.state is State.WHOLE, verdict
        page = await auditor.get(f"/api/auditor/inspections/{self.case.id}/entries?limit=1000")
        entries: list[Json] = page["entries"]
        return entries

    async def aclose(self) -> None:
        await self.phone.aclose()
        await self.desk.aclose()


@asynccontextmanager
async def open_call(case: Case) -> AsyncIterator[Call]:
    await case.go_live()
    call = Call(case)
    try:
        await call.phone.rebuild()
        await call.desk.rebuild()
        yield call
    finally:
        await call.aclose()


@pytest_asyncio.fixture(loop_scope="package")
async def call(case: Case) -> AsyncIterator[Call]:
    async with open_call(case) as opened:
        yield opened


async def test_the_picture_reaches_the_inspector_recording_begins_and_a_first_still_is_taken_by_itself(
    call: Call,
) -> None:
    await call.desk.wait_for_pictures(10, 30)
    entry = await call.recorded()
    assert entry["actor"]["role"] == "system"
    first = await call.case.inspector.log.wait_for(lambda entry: entry["kind"] == "still", 30)
    assert (first["payload"]["reason"], first["actor"]["role"]) == ("start", "system")


async def test_a_still_on_demand_is_there_within_a_second_stamped_and_for_everybody_on_the_case(call: Call) -> None:
    await call.desk.wait_for_pictures(10, 30)
    await call.recorded()
    await call.case.inspector.log.wait_for(lambda entry: entry["kind"] == "still", 30)
    began_s = time.monotonic()
    taken = await call.case.inspector.act("still:take", {"item_id": "signboard"})
    took_s = time.monotonic() - began_s
    entry = await call.case.applicant.log.wait_for(lambda entry: entry["seq"] == taken["seq"], 10)
    picture = await call.case.inspector.get_bytes(taken["url"])
    assert picture.startswith(b"\xff\xd8\xff")
    assert len(picture) == entry["payload"]["jpeg_bytes"]
    assert "闽味小馆" in "".join(entry["payload"]["stamp"])
    assert took_s < 1.5, f"{took_s:.2f} s (the machine is shared: the promise is 1 s)"


async def test_the_same_still_key_gives_the_same_still(call: Call) -> None:
    await call.recorded()
    await call.case.inspector.log.wait_for(lambda entry: entry["kind"] == "still", 30)
    first, second = await asyncio.gather(
        *(call.case.inspector.call("still:take", {"key": "still-key-1"}) for _ in range(2))
    )
    assert first == second


async def test_a_stop_of_the_applicant_ends_the_recording_within_a_second(call: Call, tmp_path: Path) -> None:
    await call.recorded()
    await call.desk.wait_for_pictures(10, 30)
    await call.case.applicant.act("session:stop", {})
    entries = await call.whole(tmp_path)
    stopped = next(entry["at"] for entry in entries if entry["kind"] == "stopped")
    last = max(entry["payload"]["ended_at"] for entry in entries if entry["kind"] == "segment")
    assert seconds(last) - seconds(stopped) <= 1.0
    tracks = [entry["payload"] for entry in entries if entry["kind"] == "track"]
    assert {(track["role"], track["kind"]) for track in tracks} >= {("applicant", "video"), ("applicant", "audio")}


async def test_a_phone_that_loses_its_socket_keeps_its_seat_and_its_media(call: Call) -> None:
    await call.recorded()
    before = await call.case.applicant.join(call.case.session_id)
    await call.case.applicant.socket.disconnect()
    await call.case.applicant.connect()
    after = await call.case.applicant.join(call.case.session_id)
    assert after["participant_id"] == before["participant_id"]
    assert sorted(after["peer_ids"]) == sorted(before["peer_ids"])
    assert len(after["peer_ids"]) == 2
    await call.desk.wait_for_pictures(call.desk.pictures + 10, 20)


async def test_a_program_builds_its_call_anew_only_for_a_connection_that_it_still_has(call: Call) -> None:
    await call.recorded()
    first = (await call.case.applicant.join(call.case.session_id))["peer_ids"]
    await call.phone.rebuild_without(first[0])
    second = (await call.case.applicant.join(call.case.session_id))["peer_ids"]
    assert not set(first) & set(second)
    for peer_id in first:
        await call.phone.rebuild_without(peer_id)
    assert (await call.case.applicant.join(call.case.session_id))["peer_ids"] == second


async def test_a_killed_relay_is_back_and_so_are_the_people_and_the_record_is_whole(call: Call, tmp_path: Path) -> None:
    await call.recorded()
    await call.desk.wait_for_pictures(20, 30)
    lost = [Watch(person, "peer:closed") for person in (call.case.applicant, call.case.inspector)]
    killed_at = kill_relay(call.case.served.data)
    for watch in lost:
        assert (await watch.next(timeout_s=20, cause="relay_restarted"))["peer_id"]
    await call.phone.rebuild()
    await call.desk.rebuild()
    await call.desk.wait_for_pictures(call.desk.pictures + 10, 30)
    await call.case.applicant.act("session:stop", {})
    entries = await call.whole(tmp_path)
    spans = [entry["payload"] for entry in entries if entry["kind"] in ("segment", "recovered")]
    before = [seconds(span["ended_at"]) for span in spans if seconds(span["started_at"]) < killed_at]
    after = [seconds(span["started_at"]) for span in spans if seconds(span["started_at"]) > killed_at]
    assert killed_at - max(before) <= 1.0, "nothing but the last second may be lost"
    assert after, "recording went on in new journals"
    told = [entry["payload"] for entry in entries if entry["kind"] == "recording"]
    assert [(one["on"], one.get("cause")) for one in told[:3]] == [
        (True, None), (False, "relay_restarted"), (True, None),
    ]  # fmt: skip


async def test_the_last_second_of_a_session_that_ends_while_the_relay_is_away_is_recovered(call: Call) -> None:
    await call.recorded()
    await call.desk.wait_for_pictures(20, 30)
    kill_relay(call.case.served.data)
    await call.case.applicant.act("session:stop", {})
    journals = call.case.served.data / "evidence" / call.case.id / call.case.session_id / "journal"
    recorded = {path.stem: path.stat().st_size for path in journals.iterdir()}
    assert recorded and min(recorded.values()) > 0, "without a journal there is nothing to recover"
    async with asyncio.timeout(20):
        while await attested_bytes(call.case) != recorded:  # noqa: ASYNC110  (another process: nothing to wait on)
            await asyncio.sleep(0.1)


async def test_a_full_disk_is_said_to_everybody_and_on_record_and_the_call_goes_on(tmp_path: Path) -> None:
    async with serve(tmp_path, free_space_floor_bytes=2**62) as full:
        case = await full.case()
        problems = [Watch(person, "session:problem") for person in (case.applicant, case.inspector)]
        async with open_call(case) as call:
            for watch in problems:
                await watch.next(timeout_s=30, code="recording_disk_full")
            off = await case.inspector.log.wait_for(lambda entry: is_recording(entry, False), 10)
            assert off["payload"]["cause"] == "disk_full"
            await call.desk.wait_for_pictures(call.desk.pictures + 10, 30)
            assert (await case.applicant.act("chat:send", {"text": "还在"}))["seq"] > off["seq"]
        for person in (case.inspector, case.applicant):
            await person.aclose()


async def test_health_is_good_while_the_relay_runs(served: Served) -> None:
    assert await served.person("auditor").get("/healthz") == {"status": "ok", "relay": "up", "database": "ok"}


def is_recording(entry: Json, on: bool) -> bool:
    return entry["kind"] == "recording" and entry["payload"]["on"] is on


async def attested_bytes(case: Case) -> dict[str, int]:
    """By track: up to where segments, recovered ones and a torn tail account for its journal."""
    ends: dict[str, int] = {}
    for kind in ("segment", "recovered"):
        for entry in await case.entries(kind):
            said = entry["payload"]
            ends[said["track_id"]] = max(ends.get(said["track_id"], 0), said["offset"] + said["length"])
    for entry in await case.entries("torn"):
        ends[entry["payload"]["track_id"]] = entry["payload"]["offset"] + entry["payload"]["bytes"]
    return ends


def seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def kill_relay(data: Path) -> float:
    """kill -9 of this server's own relay; the instant."""
    wanted = str(data / "run" / "relay.sock").encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue  # it ended meanwhile
            if b"media.relay_main" in command and wanted in command:
                os.kill(int(folder.name), signal.SIGKILL)
                return time.time()
    raise AssertionError("no relay runs")
