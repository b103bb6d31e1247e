"""What the session sockets refuse, and what they promise."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from socketio.exceptions import ConnectionError as SocketRefused

from inspection.domain.ids import base32_id
from tests.signaling.served import PASSWORD, Case, Watch, raw_call
from web.client import PublicClient, Refused

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package")]

UNKNOWN_ID = base32_id(bytes(16))


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def fix(**changed: Any) -> dict[str, Any]:
    taken_at = iso(datetime.now(UTC))
    return {
        "latitude": 26.0745,
        "longitude": 119.2965,
        "accuracy_m": 12,
        "taken_at": taken_at,
        "source": "gps",
    } | changed


async def code_of(work: Any) -> str:
    with pytest.raises(Refused) as refused:
        await work
    return refused.value.code


# --- connecting -------------------------------------------------------------------------------------------------


async def refused_with(person: PublicClient, namespace: str, csrf: Any, origin: str) -> str:
    """The code that a refused connection is told."""
    told: list[Any] = []
    person.socket.on("connect_error", told.append, namespace=namespace)
    with pytest.raises(SocketRefused):
        await person.socket.connect(
            person.url, namespaces=[namespace], auth={"csrf": csrf}, headers={"Origin": origin},
            transports=["websocket"], wait_timeout=5,
        )  # fmt: skip
    await person.socket.disconnect()
    return str(told[0]["data"]["code"])


async def test_a_socket_needs_the_cookie_the_csrf_token_and_our_own_origin(case: Case) -> None:
    stranger = case.served.person("inspector")
    url, csrf = case.served.url, case.inspector.csrf
    assert await refused_with(stranger, "/inspector", csrf, url) == "not_authenticated"
    for wrong in ("", None, 7, "x" * 43, case.applicant.csrf):
        assert await refused_with(case.inspector, "/inspector", wrong, url) == "csrf_refused"
    for origin in ("https://evil.example", "null", ""):
        assert await refused_with(case.inspector, "/inspector", csrf, origin) == "origin_refused"


async def test_a_cookie_of_one_role_opens_no_namespace_of_another(case: Case) -> None:
    code = await refused_with(case.applicant, "/inspector", case.applicant.csrf, case.served.url)
    assert code == "not_authenticated"


async def test_a_forged_connect_or_disconnect_changes_nothing(case: Case) -> None:
    await case.go_live()
    for event in ("connect", "disconnect"):
        await case.applicant.socket.emit(event, {"csrf": "forged"}, namespace="/applicant")
    assert (await case.applicant.act("chat:send", {"text": "还在"}))["seq"] > 0
    assert (await case.applicant.join(case.session_id))["participants"]


# --- the form of messages ---------------------------------------------------------------------------------------


async def test_an_event_that_is_not_in_the_table_is_unknown(case: Case) -> None:
    await case.go_live()
    for event in ("nope", "trigger_event", "on_connect", "__init__", "session:join ", "message"):
        assert (await raw_call(case.applicant, event, {}))["error"]["code"] == "unknown_event"


@pytest.mark.parametrize(
    "arguments",
    [
        ("text",),
        (7,),
        ([],),
        (b"\x00\x01",),
        ({}, {}),
        ({"key": "k" * 8},),
        ({"key": "k" * 8, "text": 7},),
        ({"text": "x"},),
    ],
)
async def test_a_message_of_another_form_is_refused_and_never_repeated(case: Case, arguments: tuple[Any, ...]) -> None:
    await case.go_live()
    ack = await raw_call(case.applicant, "chat:send", *arguments)
    assert (ack["ok"], ack["error"]["code"], ack["error"]["retryable"]) == (False, "field_invalid", False)


async def test_an_unknown_field_is_an_error_that_names_it(case: Case) -> None:
    await case.go_live()
    ack = await raw_call(case.applicant, "chat:send", {"key": "k" * 8, "text": "x", "as": "inspector"})
    assert ack["error"]["field"] == "as"


@pytest.mark.parametrize("text", ["", "   ", "x" * 5000, "a\x00b"])
async def test_a_text_that_cannot_be_kept_is_refused(case: Case, text: str) -> None:
    await case.go_live()
    assert await code_of(case.applicant.act("chat:send", {"text": text})) == "field_invalid"


async def test_a_message_above_the_bound_ends_that_socket_and_no_other(case: Case) -> None:
    await case.go_live()
    gone = Gone(case.applicant)
    await case.applicant.socket.emit("chat:send", {"key": "k" * 8, "text": "x" * 200_000}, namespace="/applicant")
    await gone.wait()
    assert (await case.inspector.act("chat:send", {"text": "在"}))["seq"] > 0


# --- order and rights -------------------------------------------------------------------------------------------


async def test_nothing_is_done_in_a_session_before_it_is_joined(case: Case) -> None:
    await case.applicant.connect()
    for event, message in (("chat:send", {"text": "x"}), ("fix:report", fix()), ("session:stop", {})):
        assert await code_of(case.applicant.act(event, message)) == "not_joined"
    for event, body in (("peer:publish", {"sdp": "v=0"}), ("peer:subscribe", {}), ("session:leave", {})):
        assert await code_of(case.applicant.call(event, body)) == "not_joined"


async def test_an_unknown_and_a_foreign_session_answer_alike(case: Case) -> None:
    other = await case.served.case()
    await case.applicant.connect()
    for session_id in (UNKNOWN_ID, other.session_id):
        with pytest.raises(Refused) as refused:
            await case.applicant.join(session_id)
        assert (refused.value.code, refused.value.body["message"]) == ("unknown", "no such session")


async def test_an_applicant_does_nothing_that_is_an_inspectors(case: Case) -> None:
    await case.go_live()
    acts: dict[str, dict[str, Any]] = {
        "still:take": {}, "detail:request": {"on": True}, "guidance:cover": {}, "summary:propose": {"text": "x"},
        "session:end": {}, "check:mark": {"item_id": "signboard", "seen": "seen", "result": "pass"},
    }  # fmt: skip
    codes = {event: await code_of(case.applicant.act(event, message)) for event, message in acts.items()}
    assert set(codes.values()) <= {"not_allowed", "no_picture_yet"}
    assert codes["session:end"] == codes["summary:propose"] == codes["check:mark"] == "not_allowed"
    assert (await case.inspector.join(case.session_id))["session"]["state"] == "live"


async def test_an_inspector_cannot_speak_for_the_phone(case: Case) -> None:
    await case.go_live()
    assert await code_of(case.inspector.act("fix:report", fix())) == "not_allowed"
    assert await code_of(case.inspector.act("session:stop", {})) == "not_allowed"


async def test_nobody_answers_or_closes_a_connection_that_is_not_theirs(case: Case) -> None:
    await case.go_live()
    offer = await case.inspector.call("peer:subscribe", {})
    for peer_id in (offer["peer_id"], UNKNOWN_ID):
        assert await code_of(case.applicant.call("peer:answer", {"peer_id": peer_id, "sdp": "v=0"})) == "peer_unknown"
        assert await code_of(case.applicant.call("peer:close", {"peer_id": peer_id})) == "peer_unknown"


async def test_whoever_signs_out_loses_the_socket_with_it(case: Case) -> None:
    await case.inspector.sign_in("li", PASSWORD)
    await case.go_live()
    gone = Gone(case.inspector)
    await case.inspector.post("/api/inspector/logout")
    await gone.wait()
    assert (await case.applicant.act("chat:send", {"text": "还在"}))["seq"] > 0


async def test_a_holder_whose_invitation_is_revoked_loses_the_socket(case: Case) -> None:
    await case.go_live()
    gone = Gone(case.applicant)
    path = f"/api/inspector/inspections/{case.id}"
    invitation = (await case.inspector.get(path))["invitations"][0]
    await case.inspector.post(f"{path}/invitations/{invitation['id']}/revoke")
    await gone.wait()
    assert await code_of(case.applicant.get("/api/applicant/me")) == "not_authenticated"
    left = (await case.entries("presence"))[-1]["payload"]
    assert (left["role"], left["present"]) == ("applicant", False), "nobody waits for them to return"


class Gone:
    """Waits for the end of a person's socket, and lets it stay ended."""

    def __init__(self, person: PublicClient) -> None:
        self._gone = asyncio.Event()
        person.socket.on("disconnect", lambda *_: self._gone.set(), namespace=person.namespace)

    async def wait(self) -> None:
        async with asyncio.timeout(10):
            await self._gone.wait()


# --- descriptions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sdp", "code"),
    [
        ("v=0\r\n" + "a=x\r\n" * 13_000, "sdp_too_large"),
        ("x" * 65_536, "sdp_too_large"),
        ("x" * 65_537, "field_invalid"),
        ("", "field_invalid"),
        ("hello", "sdp_invalid"),
        ("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", "sdp_invalid"),
    ],
)
async def test_a_description_that_is_none_or_too_large_is_a_coded_refusal(case: Case, sdp: str, code: str) -> None:
    await case.go_live()
    assert await code_of(case.applicant.call("peer:publish", {"sdp": sdp})) == code
    assert (await case.applicant.act("chat:send", {"text": "还在"}))["seq"] > 0


# --- acts ---------------------------------------------------------------------------------------------------------


async def test_the_same_act_twice_is_one_entry_and_the_same_key_for_another_is_refused(case: Case) -> None:
    await case.go_live()
    first = await case.applicant.call("chat:send", {"key": "same-key-1", "text": "你好"})
    again = await case.applicant.call("chat:send", {"key": "same-key-1", "text": "你好"})
    assert first == again
    assert (
        await code_of(case.applicant.call("chat:send", {"key": "same-key-1", "text": "别的"})) == "idempotency_conflict"
    )
    assert [entry["payload"]["text"] for entry in await case.entries("chat")] == ["你好"]


async def test_what_is_sent_without_waiting_is_done_in_that_order(case: Case) -> None:
    await case.go_live()
    texts = [f"第{number}句" for number in range(15)]
    await asyncio.gather(*(case.applicant.act("chat:send", {"text": text}) for text in texts))
    assert [entry["payload"]["text"] for entry in await case.entries("chat")] == texts


async def test_both_sides_see_the_entries_in_order_and_nothing_of_the_plumbing(case: Case) -> None:
    await case.go_live()
    await case.applicant.act("chat:send", {"text": "一"})
    await case.inspector.act("chat:send", {"text": "二"})
    for person in (case.inspector, case.applicant):
        await person.log.wait_for(lambda entry: entry["payload"].get("text") == "二", 10)
        seqs = [entry["seq"] for entry in person.log.entries]
        assert seqs == sorted(set(seqs))
        kinds = {entry["kind"] for entry in person.log.entries}
        assert {"opened", "session_created", "chat"} <= kinds
        assert not kinds & {"segment", "track", "connected", "view", "export"}


async def test_after_a_reconnect_only_what_was_missed_comes(case: Case) -> None:
    await case.go_live()
    seen = (await case.inspector.act("chat:send", {"text": "在吗"}))["seq"]
    await case.applicant.log.wait_for(lambda entry: entry["seq"] == seen, 10)
    await case.applicant.socket.disconnect()
    await case.inspector.act("chat:send", {"text": "漏掉的"})
    await case.applicant.connect()
    joined = await case.applicant.call("session:join", {"session_id": case.session_id, "after_seq": seen})
    assert [entry["payload"]["text"] for entry in joined["entries"] if entry["kind"] == "chat"] == ["漏掉的"]
    assert all(entry["seq"] > seen for entry in joined["entries"])


async def test_a_flood_is_slowed_down_with_a_time_to_wait_and_the_session_goes_on(case: Case) -> None:
    await case.go_live()
    acks = await asyncio.gather(*(raw_call(case.applicant, "peer:close", {"peer_id": "x"}) for _ in range(200)))
    codes = {ack["error"]["code"] for ack in acks}
    assert codes == {"peer_unknown", "too_many_events"}
    slowed = next(ack["error"] for ack in acks if ack["error"]["code"] == "too_many_events")
    assert (slowed["retryable"], slowed["retry_after_s"]) == (True, 1)
    assert (await case.inspector.act("chat:send", {"text": "在"}))["seq"] > 0


async def test_the_newest_page_of_a_person_holds_the_seat_and_the_older_is_told(case: Case) -> None:
    await case.go_live()
    told = Watch(case.inspector, "session:problem")
    other = await case.served.staff("li")
    await other.connect()
    joined = await other.join(case.session_id)
    assert (await told.next())["code"] == "joined_elsewhere"
    assert len(joined["participants"]) == 2
    assert await code_of(case.inspector.act("chat:send", {"text": "x"})) == "not_joined"
    await other.aclose()


# --- places -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"accuracy_m": 3000}, "too_coarse"),
        ({"taken_at": iso(datetime.now(UTC) + timedelta(hours=2))}, "from_future"),
        ({"taken_at": iso(datetime.now(UTC) - timedelta(hours=2))}, "stale"),
        ({"datum": "UNVERIFIED"}, "datum_unverified"),
    ],
)  # fmt: skip
async def test_a_doubtful_fix_is_recorded_with_its_doubt(case: Case, changed: dict[str, Any], doubt: str) -> None:
    await case.go_live()
    assert (await case.applicant.act("fix:report", fix(**changed)))["seq"] > 0
    assert doubt in (await case.entries("fix"))[-1]["payload"]["doubts"]


async def test_a_jump_of_five_hundred_kilometres_is_recorded_as_impossible(case: Case) -> None:
    await case.go_live()
    await case.applicant.act("fix:report", fix())
    await case.applicant.act("fix:report", fix(latitude=30.6))
    first, second = await case.entries("fix")
    assert (first["payload"]["containment"], second["payload"]["containment"]) == ("INSIDE", "OUTSIDE")
    assert "impossible_speed" in second["payload"]["doubts"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"latitude": 91}, "fix_invalid"), ({"longitude": 1e300}, "fix_invalid"), ({"accuracy_m": -1}, "fix_invalid"),
        ({"latitude": float("nan")}, "fix_invalid"), ({"latitude": None}, "field_invalid"),
        ({"latitude": "north"}, "field_invalid"),
        ({"taken_at": "now"}, "field_invalid"), ({"taken_at": "2026-05-06T01:29:00"}, "field_invalid"),
        ({"no_fix": "refused"}, "field_invalid"), ({"datum": "MARS"}, "field_invalid"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_fix_is_refused_and_not_recorded(case: Case, changed: dict[str, Any], code: str) -> None:
    await case.go_live()
    assert await code_of(case.applicant.act("fix:report", fix(**changed))) == code
    assert await case.entries("fix") == []


async def test_no_fix_is_recorded_with_its_cause(case: Case) -> None:
    await case.go_live()
    await case.applicant.act("fix:report", {"no_fix": "refused"})
    assert (await case.entries("no_fix"))[-1]["payload"]["cause"] == "refused"


async def test_a_position_that_nobody_agreed_to_is_not_taken(case: Case) -> None:
    shy = await case.served.case(agreed_position=False)
    await shy.go_live()
    assert await code_of(shy.applicant.act("fix:report", fix())) == "not_yet_agreed"
    assert await shy.entries("fix") == []
    for person in (shy.inspector, shy.applicant):
        await person.aclose()


# --- ending -------------------------------------------------------------------------------------------------------


async def test_the_applicant_stops_at_any_moment_and_nothing_more_is_taken(case: Case) -> None:
    await case.go_live()
    states = Watch(case.inspector, "session:state")
    first = await case.applicant.call("session:stop", {"key": "stop-key-1", "reason": "请上门"})
    assert await case.applicant.call("session:stop", {"key": "stop-key-1", "reason": "请上门"}) == first
    assert (await states.next(state="ended"))["recording"] is False
    assert await code_of(case.inspector.act("chat:send", {"text": "x"})) in ("session_not_open", "not_joined")
    assert [entry["payload"].get("cause") for entry in await case.entries("session_ended")] == ["stopped"]
    with pytest.raises(Refused) as refused:
        await case.inspector.join(case.session_id)
    assert refused.value.code == "session_not_open"


async def test_a_session_ends_once_everybody_present_has_decided_on_the_summary(case: Case) -> None:
    await case.go_live()
    assert await code_of(case.inspector.act("summary:sign", {"decision": "signed"})) == "summary_missing"
    await case.inspector.act("summary:propose", {"text": "一切正常"})
    await case.inspector.act("summary:sign", {"decision": "signed"})
    assert await code_of(case.inspector.act("session:end", {})) == "signature_missing"
    await case.applicant.act("summary:sign", {"decision": "disagreed", "statement": "灯光不好"})
    await case.inspector.act("session:end", {})
    signatures = (await case.inspector.get(f"/api/inspector/inspections/{case.id}"))["sessions"][0]["signatures"]
    assert [(held["role"], held["decision"]) for held in signatures] == [
        ("inspector", "signed"),
        ("applicant", "disagreed"),
    ]


async def test_minutes_of_a_verification_with_one_inspector_are_marked_and_cannot_conclude(case: Case) -> None:
    formal = await case.served.case("verification")
    await formal.go_live()
    assert (await formal.entries("presence"))[-1]["payload"]["marked"] is True
    await formal.second.connect()
    await formal.second.join(formal.session_id)
    assert (await formal.entries("presence"))[-1]["payload"]["marked"] is False
    await formal.second.call("session:leave", {})
    assert (await formal.entries("presence"))[-1]["payload"]["marked"] is True
    await formal.inspector.act("summary:propose", {"text": "一切正常"})
    for person in (formal.inspector, formal.applicant):
        await person.act("summary:sign", {"decision": "signed"})
    assert await code_of(formal.inspector.act("session:end", {})) == "two_inspectors_required"
    for person in (formal.inspector, formal.second, formal.applicant):
        await person.aclose()


async def test_a_phone_says_once_that_its_line_is_weak_and_that_is_on_record(case: Case) -> None:
    await case.go_live()
    device = {"camera": "rear", "muted": False, "paused": False, "torch": False}
    await case.applicant.act("device:report", device | {"weak_uplink": True})
    await case.applicant.act("device:report", device)
    said = [entry["payload"].get("weak_uplink") for entry in await case.entries("device")]
    assert said == [True, None]


async def test_a_device_that_says_the_same_again_makes_no_entry_and_its_repeat_changes_nothing(case: Case) -> None:
    await case.go_live()
    device = {"camera": "rear", "muted": False, "paused": False, "torch": False}
    assert (await case.applicant.act("device:report", device))["seq"] > 0
    for _ in range(3):
        assert (await case.applicant.act("device:report", device | {"key": "said-again"}))["seq"] is None
        assert (await case.applicant.act("device:report", device))["seq"] is None
    assert (await case.inspector.act("device:report", device))["seq"] > 0
    for change in ({"muted": True}, {"torch": True}, {"paused": True}, {"camera": "front"}, {"weak_uplink": True}):
        assert (await case.applicant.act("device:report", device | change))["seq"] > 0
    assert (await case.applicant.act("device:report", device | {"key": "said-again"}))["seq"] is None
    assert len(await case.entries("device")) == 7


async def test_a_device_is_on_record_anew_for_who_left_and_came_back(case: Case) -> None:
    await case.go_live()
    device = {"camera": "rear", "muted": True, "paused": False, "torch": False}
    await case.applicant.act("device:report", device)
    await case.applicant.call("session:leave", {})
    await case.applicant.join(case.session_id)
    assert (await case.applicant.act("device:report", device))["seq"] > 0
    assert (await case.applicant.act("device:report", device))["seq"] is None
