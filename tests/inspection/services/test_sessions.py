from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from geo import Datum, Doubt, NoFixCause
from inspection.domain.actor import SYSTEM, Actor, Level, Role
from inspection.domain.errors import InspectionError
from inspection.domain.inspections import InspectionState
from inspection.domain.observations import CheckResult, Seen, StillReason
from inspection.domain.sessions import Decision, EndCause, Nature, SessionState
from inspection.services import audit, closing, inspections, reports, sessions, stills
from inspection.services.reports import FixReport
from inspection.services.results import RenderedStill
from tests.inspection.services.office import HOME, House, Live, go_live, north_of, open_house

pytestmark = pytest.mark.integration


async def refused(awaitable) -> str:
    with pytest.raises(InspectionError) as caught:
        await awaitable
    return caught.value.code


def a_report(live: Live, north_m: float = 0, accuracy_m: float = 12.0, **changed) -> FixReport:
    position = north_of(HOME, north_m)
    report = FixReport(position.latitude, position.longitude, accuracy_m, live.house.clock.now(), "gps")
    return replace(report, **changed)


async def report(live: Live, **changed):
    return await reports.report_fix(live.office, live.applicant, live.session_id, a_report(live, **changed), live.key())


async def end_with(live: Live, *people: Actor):
    await closing.propose_summary(live.office, live.inspector, live.session_id, "都看清了", live.key())
    for actor in people:
        await closing.sign_summary(live.office, actor, live.session_id, Decision.SIGNED, None, live.key())
    return await closing.end_session(live.office, live.inspector, live.session_id, live.key())


# being there


async def test_a_session_is_live_once_the_applicant_and_an_inspector_are_there(house):
    live = await go_live(house)
    detail = await inspections.get_inspection(house.office, live.inspector, live.inspection.id)
    assert detail.sessions[0].session.state is SessionState.LIVE
    assert detail.inspection.state is InspectionState.IN_SESSION
    assert (await house.kinds(live.inspection.id))[-4:] == ["presence", "presence", "session_started", "clock"]


async def test_coming_back_keeps_the_participant_and_twice_is_no_entry(live):
    first = await sessions.join(live.office, live.applicant, live.session_id)
    assert first.entries == ()
    gone = await sessions.leave(live.office, live.applicant, live.session_id)
    assert [entry.payload["present"] for entry in gone.entries] == [False]
    back = await sessions.join(live.office, live.applicant, live.session_id)
    assert back.participant.id == first.participant.id
    assert [entry.payload["present"] for entry in back.entries] == [True]
    assert not back.started


async def test_minutes_of_a_verification_with_one_inspector_are_marked_on_record(house):
    live = await go_live(house, Nature.VERIFICATION)
    joined = await sessions.join(house.office, live.second, live.session_id)
    left = await sessions.leave(house.office, live.second, live.session_id)
    assert [entry.payload["marked"] for entry in (*joined.entries, *left.entries)] == [False, True]
    assert left.entries[0].payload["inspectors_present"] == 1


async def test_recording_needs_the_applicants_agreement_and_a_live_session(house):
    inspector = (await house.staff("li")).as_actor()
    created = await house.invited(inspector, await house.opened(inspector))
    assert await refused(sessions.set_recording(house.office, created.session.id, True)) == "session_not_open"


async def test_recording_is_on_record_once_each_time_that_it_changes(live):
    on = await sessions.set_recording(live.office, live.session_id, True)
    again = await sessions.set_recording(live.office, live.session_id, True)
    off = await sessions.set_recording(live.office, live.session_id, False, "disk_full")
    assert [len(held.entries) for held in (on, again, off)] == [1, 0, 1]
    assert off.entries[0].payload == {"session_id": live.session_id, "on": False, "cause": "disk_full"}


async def test_a_killed_server_states_who_was_cut_off_and_people_come_back_to_the_same_session(live, tmp_path):
    await sessions.set_recording(live.office, live.session_id, True)
    await live.house.database.aclose()
    after = open_house(tmp_path, seed=2, clock=live.house.clock)
    changed = await sessions.mark_interrupted(after.office)
    assert [entry.kind for entry in changed[0].entries] == ["recording", "presence", "presence"]
    assert changed[0].session.state is SessionState.LIVE
    assert await sessions.mark_interrupted(after.office) == []
    joined = await sessions.join(after.office, live.applicant, live.session_id)
    assert joined.participant.present
    await after.aclose()


async def test_commands_cut_off_halfway_leave_a_whole_chain_and_no_lock(live):
    async def say(number: int) -> None:
        await reports.send_chat(live.office, live.applicant, live.session_id, f"第{number}句", f"k{number}")

    tasks = [asyncio.create_task(say(number)) for number in range(30)]
    for number, task in enumerate(tasks):
        for _ in range(number % 7):
            await asyncio.sleep(0)
        if number % 2:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for number in range(30):
        await say(number)
    page = await audit.entries(live.office, live.applicant, live.inspection.id, 0, 1000)
    said = [entry.opened_payload()["text"] for entry in page.entries if entry.kind == "chat"]
    assert sorted(said) == sorted(f"第{number}句" for number in range(30))
    assert all(late.prev == early.hash for early, late in zip(page.entries, page.entries[1:], strict=False))


# closing


async def test_stop_ends_the_session_at_once_without_a_mark_and_leads_to_a_visit(live):
    await sessions.set_recording(live.office, live.session_id, True)
    done = await closing.stop(live.office, live.applicant, live.session_id, None, "k")
    assert [entry.kind for entry in done.entries] == ["stopped", "recording", "session_ended"]
    assert (done.session.end_cause, done.session.recording) == (EndCause.STOPPED, False)
    assert not any(person.present for person in done.participants)
    detail = await inspections.get_inspection(live.office, live.inspector, live.inspection.id)
    assert detail.inspection.state is InspectionState.ON_SITE_REQUIRED
    assert await closing.stop(live.office, live.applicant, live.session_id, None, "k") == done
    assert await refused(sessions.join(live.office, live.applicant, live.session_id)) == "session_not_open"


async def test_only_the_applicant_stops(live):
    asked = closing.stop(live.office, live.inspector, live.session_id, None, live.key())
    assert await refused(asked) == "not_allowed"


async def test_a_session_ends_when_everybody_present_has_decided(live):
    await closing.propose_summary(live.office, live.inspector, live.session_id, "都看清了", live.key())
    await closing.sign_summary(live.office, live.inspector, live.session_id, Decision.SIGNED, None, live.key())
    ending = closing.end_session(live.office, live.inspector, live.session_id, live.key())
    assert await refused(ending) == "signature_missing"
    refusal = await closing.sign_summary(
        live.office, live.applicant, live.session_id, Decision.REFUSED, "没说清楚", live.key()
    )
    assert refusal.entries[0].kind == "refusal"
    done = await closing.end_session(live.office, live.inspector, live.session_id, live.key())
    assert done.session.end_cause is EndCause.COMPLETED
    assert [held.decision for held in done.session.signatures] == [Decision.SIGNED, Decision.REFUSED]


async def test_a_disagreement_needs_its_words(live):
    await closing.propose_summary(live.office, live.inspector, live.session_id, "都看清了", live.key())
    asked = closing.sign_summary(live.office, live.applicant, live.session_id, Decision.DISAGREED, "  ", live.key())
    assert await refused(asked) == "field_invalid"


async def test_a_verification_with_one_inspector_cannot_be_concluded(house):
    live = await go_live(house, Nature.VERIFICATION)
    assert await refused(end_with(live, live.inspector, live.applicant)) == "two_inspectors_required"
    await sessions.join(house.office, live.second, live.session_id)
    await closing.sign_summary(house.office, live.second, live.session_id, Decision.SIGNED, None, "k2")
    done = await closing.end_session(house.office, live.inspector, live.session_id, "k3")
    assert done.session.state is SessionState.ENDED


async def test_a_session_that_cannot_be_concluded_can_still_be_ended(house):
    live = await go_live(house, Nature.VERIFICATION)
    done = await closing.end_session(house.office, live.inspector, live.session_id, "k4", unfinished=True)
    assert done.session.end_cause is EndCause.UNFINISHED
    assert [entry.payload["cause"] for entry in done.entries if entry.kind == "session_ended"] == ["unfinished"]
    detail = await inspections.get_inspection(house.office, live.inspector, live.inspection.id)
    assert detail.inspection.state is InspectionState.OPENED


async def test_only_an_inspector_who_is_in_the_session_ends_it(house):
    live = await go_live(house, Nature.VERIFICATION)
    ending = closing.end_session(house.office, live.second, live.session_id, "k5", unfinished=True)
    assert await refused(ending) == "not_joined"


async def test_a_verification_needs_a_second_inspector_from_the_start(house):
    inspector = (await house.staff("li")).as_actor()
    inspection = await house.opened(inspector)
    assert await refused(house.invited(inspector, inspection, Nature.VERIFICATION)) == "two_inspectors_required"


async def test_a_second_session_waits_until_the_live_one_is_over(live):
    assert await refused(live.house.invited(live.inspector, live.inspection)) == "state_conflict"
    await end_with(live, live.inspector, live.applicant)
    created = await live.house.invited(live.inspector, live.inspection, Nature.RECHECK)
    assert created.session.number == 2


async def test_a_session_that_everybody_left_is_abandoned_without_a_mark(live):
    done = await sessions.abandon(live.office, live.session_id)
    assert done.entries[-1].payload["cause"] == "abandoned"


# who may


async def test_strangers_get_the_answer_for_what_is_not_there(live):
    stranger = (await live.house.staff("zhao")).as_actor()
    other = Actor(Role.APPLICANT, "someone-else", "别人", Level.PHONE)
    for actor in (stranger, other):
        for session_id in (live.session_id, "no-such-session", "\ud800", "x" * 10_000, "\x00"):
            assert await refused(sessions.join(live.office, actor, session_id)) == "unknown"
    assert await refused(inspections.get_inspection(live.office, stranger, live.inspection.id)) == "unknown"


async def test_an_auditor_reads_but_never_acts(live):
    auditor = (await live.house.staff("shen", Role.AUDITOR)).as_actor()
    assert await inspections.get_inspection(live.office, auditor, live.inspection.id)
    assert await refused(sessions.join(live.office, auditor, live.session_id)) == "not_allowed"
    chat = reports.send_chat(live.office, auditor, live.session_id, "你好", live.key())
    assert await refused(chat) == "not_allowed"


async def test_who_has_not_joined_cannot_speak(live):
    chat = reports.send_chat(live.office, live.second, live.session_id, "你好", live.key())
    assert await refused(chat) == "not_joined"


async def test_the_applicant_cannot_do_the_inspectors_acts(live):
    for asked in (
        reports.ask_cover(live.office, live.applicant, live.session_id, live.key()),
        closing.propose_summary(live.office, live.applicant, live.session_id, "好", live.key()),
        closing.end_session(live.office, live.applicant, live.session_id, live.key()),
        stills.plan_still(live.office, live.applicant, live.session_id, StillReason.MANUAL),
    ):
        assert await refused(asked) == "not_allowed"


# place


async def test_a_good_fix_is_recorded_in_whole_numbers(live):
    done = await report(live)
    payload = done.entries[0].payload
    assert payload["position"] == {
        "latitude_e7": 260745000,
        "longitude_e7": 1192965000,
        "datum": "WGS84",
        "accuracy_cm": 1200,
    }
    assert (payload["containment"], payload["doubts"], payload["distance_cm"]) == ("INSIDE", [], 0)


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"accuracy_m": 3000.0}, Doubt.TOO_COARSE),
        ({"ahead_minutes": 10}, Doubt.FROM_FUTURE),
        ({"datum": Datum.UNVERIFIED}, Doubt.DATUM_UNVERIFIED),
    ],
)
async def test_a_doubtful_fix_is_recorded_with_its_doubt_and_never_refused(live, changed, doubt):
    fields = {name: value for name, value in changed.items() if name != "ahead_minutes"}
    asked = a_report(live, **fields)
    live.house.clock.move(minutes=-changed.get("ahead_minutes", 0))
    done = await reports.report_fix(live.office, live.applicant, live.session_id, asked, live.key())
    assert doubt in done.doubts
    assert doubt.value in done.entries[0].payload["doubts"]


async def test_a_jump_of_500_km_is_recorded_as_an_impossible_speed(live):
    await report(live)
    live.house.clock.move(seconds=5)
    done = await report(live, north_m=500_000)
    assert Doubt.IMPOSSIBLE_SPEED in done.doubts
    assert done.entries[0].payload["containment"] == "OUTSIDE"


@pytest.mark.parametrize(
    "changed",
    [
        {"latitude": float("nan")},
        {"latitude": 91.0},
        {"longitude": 181.0},
        {"accuracy_m": -1.0},
        {"accuracy_m": float("inf")},
    ],
)
async def test_what_is_no_position_is_refused(live, changed):
    fields = {name: changed[name] for name in changed if name != "accuracy_m"}
    asked = replace(a_report(live, accuracy_m=changed.get("accuracy_m", 12.0)), **fields)
    assert (
        await refused(reports.report_fix(live.office, live.applicant, live.session_id, asked, live.key()))
        == "fix_invalid"
    )


@pytest.mark.parametrize("taken_at", [datetime.max, datetime.max.replace(tzinfo=timezone(-timedelta(hours=12)))])
async def test_a_fix_without_a_sensible_time_is_refused(live, taken_at):
    asked = replace(a_report(live), taken_at=taken_at)
    assert (
        await refused(reports.report_fix(live.office, live.applicant, live.session_id, asked, live.key()))
        == "field_invalid"
    )


async def test_no_fix_has_its_cause_and_the_next_still_says_it(live):
    await report(live)
    done = await reports.report_no_fix(live.office, live.applicant, live.session_id, NoFixCause.TIMEOUT, live.key())
    assert done.entries[0].payload["cause"] == "timeout"
    plan = await stills.plan_still(live.office, live.inspector, live.session_id, StillReason.MANUAL)
    assert "无定位（定位超时）" in plan.stamp_lines


async def test_no_position_is_kept_that_nobody_agreed_to_give(house):
    live = await go_live(house, agreed_position=False)
    assert await refused(report(live)) == "not_yet_agreed"
    assert "fix" not in await house.kinds(live.inspection.id)


# acts during the session


async def test_a_check_mark_replaces_the_one_before_and_the_ledger_keeps_both(live):
    for seen, result in ((Seen.UNCLEAR, CheckResult.FAIL), (Seen.SEEN, CheckResult.PASS)):
        await reports.mark_check(
            live.office,
            live.inspector,
            live.session_id,
            item_id="layout",
            seen=seen,
            result=result,
            note="",
            still_ids=(),
            key=live.key(),
        )
    detail = await inspections.get_inspection(live.office, live.inspector, live.inspection.id)
    assert [(mark.item_id, mark.result) for mark in detail.sessions[0].checks] == [("layout", CheckResult.PASS)]
    assert (await live.house.kinds(live.inspection.id)).count("check") == 2


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"item_id": "no-such-item"}, "item_id"),
        ({"seen": Seen.NOT_SHOWN, "result": CheckResult.PASS}, "result"),
        ({"still_ids": ("no-such-still",)}, "still_ids"),
        ({"note": "x" * 501}, "note"),
    ],
)
async def test_a_check_mark_without_sense_is_refused_by_its_field(live, changed, field):
    fields = {"item_id": "layout", "seen": Seen.SEEN, "result": CheckResult.PASS, "key": live.key(), **changed}
    with pytest.raises(InspectionError) as caught:
        await reports.mark_check(live.office, live.inspector, live.session_id, **fields)
    assert (caught.value.code, caught.value.field) == ("field_invalid", field)


async def test_the_same_chat_line_sent_twice_at_once_is_there_once(live):
    sent = [reports.send_chat(live.office, live.applicant, live.session_id, "你好", "same") for _ in range(5)]
    results = await asyncio.gather(*sent)
    assert all(result == results[0] for result in results)
    assert (await live.house.kinds(live.inspection.id)).count("chat") == 1


async def test_a_key_used_for_another_body_or_command_is_refused_and_changes_nothing(live):
    await reports.send_chat(live.office, live.applicant, live.session_id, "你好", "same")
    for asked in (
        reports.send_chat(live.office, live.applicant, live.session_id, "再见", "same"),
        closing.stop(live.office, live.applicant, live.session_id, None, "same"),
    ):
        assert await refused(asked) == "idempotency_conflict"
    assert (await live.house.kinds(live.inspection.id))[-1] == "chat"


async def test_two_people_may_use_the_same_key(live):
    for actor in (live.applicant, live.inspector):
        await reports.send_chat(live.office, actor, live.session_id, "你好", "same")
    assert (await live.house.kinds(live.inspection.id)).count("chat") == 2


@pytest.mark.parametrize("key", ["", "x" * 129, None, 7])
async def test_a_command_without_a_key_is_refused(live, key):
    assert (
        await refused(reports.send_chat(live.office, live.applicant, live.session_id, "你好", key)) == "field_invalid"
    )


async def test_a_muted_device_shows_in_the_list_of_participants(live):
    done, _ = await reports.record_device(
        live.office,
        live.applicant,
        live.session_id,
        camera="environment",
        muted=True,
        paused=False,
        torch=False,
        key=live.key(),
    )
    assert [person.muted for person in done.participants] == [False, True]


# stills


def rendered(**changed) -> RenderedStill:
    fields = {
        "track_id": "track",
        "jpeg_sha256": "a" * 64,
        "jpeg_bytes": 1000,
        "width": 1280,
        "height": 720,
        "frame_index": 417,
        "rtp_timestamp": 37_530_000,
        "arrival_us": 1_778_031_000_000_000,
        "encoded_sha256": "b" * 64,
        "i420_sha256": "c" * 64,
    }
    return RenderedStill(**{**fields, **changed})


async def test_a_still_is_stamped_with_the_reported_place_and_its_frame_number(live):
    await report(live)
    plan = await stills.plan_still(live.office, live.inspector, live.session_id, StillReason.CHECK_ITEM, "layout")
    done = await stills.record_still(live.office, live.inspector, plan, rendered(tiles_root="d" * 64))
    payload = done.entries[0].opened_payload()
    assert (payload["tiles_root"], payload["tiles_seed"]) == ("d" * 64, plan.tiles_seed)
    assert done.entries[0].payload["tiles_seed"].keys() == {"c"}
    assert payload["stamp"][3] == "操作人：张三"
    assert payload["stamp"][4].startswith("手机上报位置（未核实）±12米 WGS-84")
    assert payload["stamp"][6] == f"帧号：417 查询号：{plan.lookup}（不是凭证）"
    assert (payload["containment"], payload["item_id"]) == ("INSIDE", "layout")
    assert payload["file"] == f"{live.session_id}/stills/{plan.still_id}.jpg"
    assert await stills.get_still(live.office, live.applicant, live.inspection.id, plan.still_id) == done.still


async def test_an_old_fix_is_not_stamped_on_a_new_still(live):
    await report(live)
    live.house.clock.move(minutes=3)
    plan = await stills.plan_still(live.office, SYSTEM, live.session_id, StillReason.START)
    assert plan.containment is None
    assert "无定位（尚未收到）" in plan.stamp_lines


async def test_a_still_that_was_being_rendered_when_the_session_stopped_is_kept(live):
    plan = await stills.plan_still(live.office, SYSTEM, live.session_id, StillReason.MOVED)
    await closing.stop(live.office, live.applicant, live.session_id, None, live.key())
    done = await stills.record_still(live.office, SYSTEM, plan, rendered())
    assert done.entries[0].actor["role"] == "system"
    asked = stills.plan_still(live.office, live.inspector, live.session_id, StillReason.MANUAL)
    assert await refused(asked) == "session_not_open"


async def test_the_newest_inspection_is_first_and_numbers_run(house: House):
    inspector = (await house.staff("li")).as_actor()
    opened = [await house.opened(inspector) for _ in range(3)]
    assert [held.number for held in opened] == ["YTK-2026-00001", "YTK-2026-00002", "YTK-2026-00003"]
    assert await inspections.list_inspections(house.office, inspector) == opened[::-1]
