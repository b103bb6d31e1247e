"""What must be refused, with which status and code, and that a refusal loses nothing."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from inspection.domain.ids import base32_id
from tests.web.routes.conftest import Case
from tests.web.routes.house import Browser, Edge, Json, case_body, come_in
from tests.web.routes.test_flow import form, photo, raised
from web.routes.forms import MOST_PHOTO_BYTES

pytestmark = pytest.mark.integration

COMING_IN = "/api/applicant/invitations"
RESIDENT = {"id_kind": "resident_id", "id_number": "11010519491231002Y"}
UNKNOWN_ID = base32_id(bytes(16))
MULTIPART = "multipart/form-data; boundary=b"
HALF_REQUEST = (
    b"POST /api/inspector/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nContent-Type: application/json\r\n\r\n{"
)


def part(name: bytes, content: bytes) -> bytes:
    return b'--b\r\nContent-Disposition: form-data; name="' + name + b'"\r\n\r\n' + content


def token_of(invitation: Json) -> str:
    return str(invitation["link"].rsplit("/", 1)[1])


async def redeem(browser: Browser, token: str, code: str, **changed: Any) -> Any:
    body = {"token": token, "code": code, "told_at": "2026-05-06T01:29:00Z", "agreed_position": True}
    return await browser.post(f"{COMING_IN}/redeem", body | changed)


# --- coming in --------------------------------------------------------------------------------------------------


async def test_an_unknown_link_and_an_unknown_pick_up_code_are_unknown(case: Case) -> None:
    browser = case.edge.browser("applicant")
    for body in ({"token": "nothing-like-it"}, {"pickup_code": "00000000", "phone": "13800001234"}):
        reply = await browser.post(f"{COMING_IN}/look-up", body)
        assert (reply.status, reply.code) == (404, "invitation_unknown")


async def test_a_pick_up_code_needs_the_phone_number(case: Case) -> None:
    reply = await case.edge.browser("applicant").post(f"{COMING_IN}/look-up", {"pickup_code": "12345678"})
    assert (reply.status, reply.code, reply.json["field"]) == (400, "field_invalid", "pickup_code")


async def test_opening_a_link_consumes_nothing(case: Case) -> None:
    browser = case.edge.browser("applicant")
    for _ in range(3):
        reply = await browser.post(f"{COMING_IN}/look-up", {"token": token_of(case.invitation)})
        assert reply.status == 200


async def test_a_used_link_asks_for_a_new_code_and_then_moves_the_holder(case: Case) -> None:
    again = case.edge.browser("applicant")
    reply = await redeem(again, token_of(case.invitation), "123456")
    assert (reply.status, reply.code) == (409, "invitation_used")
    case.edge.house.clock.move(seconds=61)
    await come_in(case.edge, case.invitation)
    assert (await case.applicant.get("/api/applicant/my")).code == "not_authenticated"
    assert "holder_replaced" in await case.edge.kinds(case.id)


async def test_an_expired_link_says_so(edge: Edge) -> None:
    inspector = await edge.inspector()
    opened = (await inspector.post("/api/inspector/inspections", case_body())).json
    path = f"/api/inspector/inspections/{opened['id']}/sessions"
    invitation = (await inspector.post(path, {"nature": "guidance"})).json["invitation"]
    edge.house.clock.move(hours=25)
    reply = await edge.browser("applicant").post(f"{COMING_IN}/look-up", {"token": token_of(invitation)})
    assert (reply.status, reply.code) == (409, "invitation_expired")


async def test_a_revoked_link_says_so_and_its_holder_is_out(case: Case) -> None:
    path = f"{case.office_path}/invitations/{case.invitation['id']}/revoke"
    assert (await case.inspector.post(path)).status == 200
    reply = await case.edge.browser("applicant").post(f"{COMING_IN}/look-up", {"token": token_of(case.invitation)})
    assert (reply.status, reply.code) == (409, "invitation_revoked")
    assert (await case.applicant.get("/api/applicant/my")).status == 401


async def test_after_five_wrong_codes_even_the_right_one_is_locked(case: Case) -> None:
    case.edge.house.clock.move(seconds=61)
    browser, token = case.edge.browser("applicant"), token_of(case.invitation)
    await browser.post(f"{COMING_IN}/send-code", {"token": token})
    right = case.edge.house.sms.last_code()
    wrong = "000000" if right != "000000" else "111111"
    replies = [await redeem(browser, token, wrong) for _ in range(5)]
    assert [reply.json.get("tries_left") for reply in replies] == [4, 3, 2, 1, None]
    assert [reply.code for reply in replies] == ["code_wrong"] * 4 + ["code_locked"]
    assert (await redeem(browser, token, right)).code == "code_locked"


async def test_a_second_code_within_the_minute_is_refused_with_the_time_to_wait(case: Case) -> None:
    reply = await case.edge.browser("applicant").post(f"{COMING_IN}/send-code", {"token": token_of(case.invitation)})
    assert (reply.status, reply.code) == (429, "too_many_attempts")
    assert reply.headers["Retry-After"] == str(reply.json["retry_after_s"])


async def test_a_told_at_that_is_no_instant_is_refused(case: Case) -> None:
    browser = case.edge.browser("applicant")
    for told_at in ("yesterday", "2026-05-06T01:29:00", "0001-01-01T00:00:00Z"):
        reply = await redeem(browser, token_of(case.invitation), "123456", told_at=told_at)
        assert (reply.status, reply.code, reply.json["field"]) == (400, "field_invalid", "told_at")


async def test_a_wrong_password_and_an_unknown_name_and_the_wrong_role_answer_alike(edge: Edge) -> None:
    browser = edge.browser("inspector")
    for name, password in (
        ("li", "wrong wrong wrong"),
        ("nobody", "wrong wrong wrong"),
        ("zhao", "correct horse battery"),
    ):
        reply = await browser.post("/api/inspector/login", {"username": name, "password": password})
        assert (reply.status, reply.code) == (401, "sign_in_failed")
        assert "Set-Cookie" not in reply.headers


async def test_ten_wrong_passwords_lock_the_name_for_a_while(edge: Edge) -> None:
    browser = edge.browser("inspector")
    for _ in range(10):
        await browser.post("/api/inspector/login", {"username": "li", "password": "wrong wrong wrong"})
    right = {"username": "li", "password": "correct horse battery"}
    reply = await browser.post("/api/inspector/login", right)
    assert (reply.status, reply.code) == (429, "too_many_attempts")
    edge.house.clock.move(minutes=16)
    assert (await browser.post("/api/inspector/login", right)).status == 200


async def test_one_address_cannot_try_for_ever(edge: Edge) -> None:
    browser = edge.browser("applicant")
    codes = [(await browser.post(f"{COMING_IN}/look-up", {"token": "guess"})).code for _ in range(40)]
    assert codes[0] == "invitation_unknown"
    assert codes[-1] == "too_many_attempts"


# --- who may what -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_a_foreign_or_missing_origin_is_refused_even_with_everything_else_right(case: Case, origin: str) -> None:
    reply = await case.inspector.post(
        f"{case.office_path}/opinion", {"opinion": "fit", "text": "x"}, headers={"Origin": origin}
    )
    assert (reply.status, reply.code) == (403, "origin_refused")


async def test_a_foreign_page_cannot_even_sign_in(edge: Edge) -> None:
    body = {"username": "li", "password": "correct horse battery"}
    reply = await edge.browser("inspector").post(
        "/api/inspector/login", body, headers={"Origin": "https://evil.example"}
    )
    assert (reply.status, reply.code) == (403, "origin_refused")


@pytest.mark.parametrize("token", ["", "wrong", "十"])
async def test_a_missing_or_wrong_csrf_token_is_refused(case: Case, token: str) -> None:
    case.inspector.csrf = token
    reply = await case.inspector.post(f"{case.office_path}/sessions", {"nature": "recheck"})
    assert (reply.status, reply.code) == (403, "csrf_refused")


async def test_each_role_has_its_own_cookie_and_no_cookie_opens_another_roles_door(case: Case) -> None:
    paths = {
        "inspector": ["/api/inspector/me", case.office_path, "/api/inspector/templates"],
        "auditor": ["/api/auditor/me", case.audit_path, f"{case.audit_path}/package", f"{case.audit_path}/replay"],
        "applicant": ["/api/applicant/me", "/api/applicant/my", f"/api/applicant/inspections/{case.id}"],
    }
    for browser in (case.inspector, case.applicant, case.auditor):
        for role in paths.keys() - {browser.role}:
            for path in paths[role]:
                reply = await browser.get(path)
                assert (reply.status, reply.code) == (401, "not_authenticated"), (browser.role, path)


async def test_a_token_of_one_role_in_the_cookie_of_another_opens_nothing(case: Case) -> None:
    token = next(cookie.value for cookie in case.applicant.http.cookie_jar)
    thief = case.edge.browser("auditor")
    reply = await thief.get("/api/auditor/inspections", Cookie=f"__Host-ytk-auditor={token}")
    assert reply.code == "not_authenticated"


async def test_unknown_and_foreign_objects_answer_alike(case: Case) -> None:
    other = await case.edge.inspector("wang")
    foreign = await other.get(case.office_path)
    unknown = await other.get(f"/api/inspector/inspections/{UNKNOWN_ID}")
    for reply in (foreign, unknown):
        assert (reply.status, reply.code, reply.json["detail"]) == (404, "unknown", "no such inspection")


async def test_an_applicant_cannot_answer_the_findings_of_another_case(case: Case) -> None:
    opened = (await case.inspector.post("/api/inspector/inspections", case_body())).json
    body = {"text": "缺少灭火器", "severity": "major", "clause": "", "due_date": "2026-05-20"}
    foreign = (await case.inspector.post(f"/api/inspector/inspections/{opened['id']}/findings", body)).json
    reply = await case.applicant.post(f"/api/applicant/findings/{foreign['id']}/dispute", {"text": "不同意"})
    assert (reply.status, reply.code) == (404, "unknown")


async def test_an_auditor_changes_nothing(case: Case) -> None:
    for path in ("sessions", "findings", "opinion"):
        assert (await case.auditor.post(f"{case.audit_path}/{path}")).code == "unknown"


# --- what is sent -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"nature":"\\ud800"}',
        b'{"nature":1}',
        b'{"nature":"party"}',
        b'{"nature":"guidance","extra":1}',
    ],
)
async def test_a_body_that_is_not_what_is_asked_is_a_coded_400(case: Case, raw: bytes) -> None:
    reply = await case.inspector.send(
        "POST", f"{case.office_path}/sessions", data=raw, headers={"Content-Type": "application/json"}
    )
    assert (reply.status, reply.code) == (400, "field_invalid")


async def test_another_content_type_is_a_415(case: Case) -> None:
    reply = await case.inspector.send(
        "POST", f"{case.office_path}/sessions", data=b"{}", headers={"Content-Type": "text/plain"}
    )
    assert (reply.status, reply.code) == (415, "media_type_unsupported")


async def test_a_body_above_the_bound_is_a_413_also_without_a_length(case: Case) -> None:
    body = json.dumps({"nature": "x" * 300_000}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    for data in (body, chunks()):
        reply = await case.inspector.send(
            "POST", f"{case.office_path}/sessions", data=data, headers={"Content-Type": "application/json"}
        )
        assert (reply.status, reply.code) == (413, "too_large")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/nowhere", "unknown"),
        ("/api/inspector", "unknown"),
        ("/api/%ff/x", "unknown"),
        ("/api/inspector/../../etc/passwd", None),
    ],
)
async def test_an_unknown_path_of_the_api_is_a_coded_404(edge: Edge, path: str, code: str | None) -> None:
    reply = await edge.browser("inspector").get(path)
    assert reply.status == 404
    assert code is None or reply.code == code


async def test_a_wrong_method_is_a_405_that_names_no_path(edge: Edge) -> None:
    reply = await edge.browser("inspector").send("DELETE", "/api/inspector/inspections")
    assert (reply.status, reply.code) == (405, "method_not_allowed")


@pytest.mark.parametrize("key", ["short", "x" * 65, "with space", "日本語日本語日本語"])
async def test_a_key_of_another_form_is_refused(case: Case, key: str) -> None:
    reply = await case.inspector.post(f"{case.office_path}/sessions", {"nature": "guidance"}, key=key)
    assert (reply.status, reply.json["field"]) == (400, "Idempotency-Key")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"applicant": {"id_number": "91350100M000100Y44"}}, "uscc_invalid", "applicant.id_number"),
        ({"applicant": RESIDENT}, "id_number_invalid", "applicant.id_number"),
        ({"applicant": {"phone": "12345"}}, "phone_invalid", "applicant.phone"),
        ({"applicant": {"name": ""}}, "field_invalid", "applicant.name"),
        ({"premises": {"name": "a\u202eb"}}, "field_invalid", "premises.name"),
        ({"premises": {"position": {"latitude": 91, "longitude": 0}}}, "field_invalid", "premises.position"),
        ({"premises": {"position": None}}, "field_invalid", "premises.fence"),
        ({"premises": {"fence": {"kind": "circle", "radius_m": 0}}}, "field_invalid", "premises.position"),
        ({"item_id": "rockets"}, "unknown", None),
        ({"second_inspector_id": UNKNOWN_ID}, "field_invalid", "second_inspector_id"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_case_names_the_field_at_fault(
    edge: Edge, change: Json, code: str, field: str | None
) -> None:
    body = case_body()
    for name, value in change.items():
        body[name] = body[name] | value if isinstance(value, dict) else value
    reply = await (await edge.inspector()).post("/api/inspector/inspections", body)
    assert (reply.code, reply.json.get("field")) == (code, field)


async def test_numbers_that_json_does_not_know_are_refused(edge: Edge) -> None:
    raw = json.dumps(case_body()).replace("26.0745", "NaN").encode()
    inspector = await edge.inspector()
    reply = await inspector.send(
        "POST", "/api/inspector/inspections", data=raw, headers={"Content-Type": "application/json"}
    )
    assert (reply.status, reply.code) == (400, "field_invalid")


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=99999999999999999999", "limit=0", "limit=1001", "after=１"]
)
async def test_a_page_that_cannot_be_is_refused(case: Case, query: str) -> None:
    reply = await case.inspector.get(f"{case.office_path}/entries?{query}")
    assert (reply.status, reply.code) == (400, "field_invalid")


async def test_a_verification_with_one_inspector_is_refused(case: Case) -> None:
    reply = await case.inspector.post(f"{case.office_path}/sessions", {"nature": "verification"})
    assert (reply.status, reply.code) == (409, "two_inspectors_required")


# --- pictures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"not a picture",
        b"\xff\xd8\xff and then nothing",
        b"%PDF-1.7",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
async def test_a_document_that_is_no_picture_is_refused_and_the_finding_stays_open(case: Case, content: bytes) -> None:
    finding_id = await raised(case)
    path = f"/api/applicant/findings/{finding_id}/rectifications"
    reply = await case.applicant.send("POST", path, data=form("已购置", content))
    assert (reply.status, reply.code) == (400, "picture_invalid")
    assert (await case.inspector.get(case.office_path)).json["findings"][0]["state"] == "open"
    assert (await case.applicant.send("POST", path, data=form("已购置", photo()))).status == 200


async def test_a_photo_above_ten_megabytes_is_a_413(case: Case) -> None:
    finding_id = await raised(case)
    path = f"/api/applicant/findings/{finding_id}/rectifications"
    reply = await case.applicant.send(
        "POST", path, data=form("大", io.BytesIO(b"\xff\xd8\xff" + bytes(MOST_PHOTO_BYTES)))
    )
    assert (reply.status, reply.code) == (413, "picture_too_large")


@pytest.mark.parametrize(
    ("raw", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"no boundary here", "multipart/form-data", 400),
        (part(b"text", b"x"), MULTIPART, 400),
        (part(b"other", b"x") + b"\r\n--b--\r\n", MULTIPART, 400),
        (part(b"text", b"\xff") + b"\r\n--b--\r\n", MULTIPART, 400),
        (b"--b--\r\n", MULTIPART, 400),
    ],
)  # fmt: skip
async def test_a_form_that_cannot_be_read_is_a_coded_refusal(
    case: Case, raw: bytes, content_type: str, status: int
) -> None:
    finding_id = await raised(case)
    path = f"/api/applicant/findings/{finding_id}/rectifications"
    reply = await case.applicant.send("POST", path, data=raw, headers={"Content-Type": content_type})
    assert (reply.status, "code" in reply.json) == (status, True)


async def test_a_still_or_photo_that_is_not_of_the_case_is_unknown(case: Case) -> None:
    for path in (
        f"stills/{UNKNOWN_ID}.jpg",
        f"rectifications/{UNKNOWN_ID}/photo",
        "stills/..%2f..%2fx.jpg",
        "stills/x.jpg",
    ):
        assert (await case.inspector.get(f"{case.office_path}/{path}")).status == 404


async def test_a_film_of_another_session_is_unknown(case: Case) -> None:
    reply = await case.auditor.get(f"{case.audit_path}/sessions/{UNKNOWN_ID}/replay.webm")
    assert (reply.status, reply.code) == (404, "unknown")


async def test_a_file_that_is_gone_is_said_and_is_no_500(case: Case) -> None:
    finding_id = await raised(case)
    path = f"/api/applicant/findings/{finding_id}/rectifications"
    answer = (await case.applicant.send("POST", path, data=form("已购置", photo()))).json["rectifications"][0]
    (case.edge.house.data / "evidence" / case.id / "rectifications" / f"{answer['id']}.jpg").unlink()
    reply = await case.inspector.get(f"{case.office_path}/rectifications/{answer['id']}/photo")
    assert (reply.status, reply.code) == (503, "evidence_missing")


async def test_no_answer_repeats_a_secret_that_was_sent(case: Case) -> None:
    reply = await case.edge.browser("inspector").post(
        "/api/inspector/login", {"username": "li", "password": 12345678, "x": "s3cret"}
    )
    assert reply.status == 400
    assert b"12345678" not in reply.raw
    assert b"s3cret" not in reply.raw


async def test_a_client_that_goes_away_in_a_body_harms_nobody(case: Case) -> None:
    host, port = case.edge.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(HALF_REQUEST)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await case.inspector.get("/api/inspector/me")).status == 200
