"""A case from the first login to the opinion, over HTTP."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import aiohttp
import cv2
import numpy as np
import pytest

from inspection.domain.actor import Actor
from inspection.domain.verification import State
from inspection.services import sessions
from inspection.store.package_files import verify_file
from tests.web.routes.conftest import Case
from tests.web.routes.house import Edge, case_body
from web import keys

pytestmark = pytest.mark.integration


def photo() -> bytes:
    encoded, buffer = cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))
    assert encoded
    return bytes(buffer)


def form(text: str, content: bytes | io.BytesIO | None) -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("text", text)
    if content is not None:
        data.add_field("photo", content, filename="p.jpg", content_type="image/jpeg")
    return data


async def raised(case: Case) -> str:
    body = {"text": "缺少灭火器", "severity": "major", "clause": "第五条", "due_date": "2026-05-20"}
    reply = await case.inspector.post(f"{case.office_path}/findings", body)
    assert reply.status == 200, reply.raw
    return str(reply.json["id"])


async def test_a_login_answers_with_the_user_and_a_cookie_that_only_https_and_this_host_see(edge: Edge) -> None:
    browser = edge.browser("inspector")
    reply = await browser.post("/api/inspector/login", {"username": "li", "password": "correct horse battery"})
    cookie = reply.headers["Set-Cookie"]
    assert reply.json["user"] == {
        "id": reply.json["user"]["id"],
        "name": "张三",
        "unit": "勘验科",
        "badge": "No.li",
        "role": "inspector",
    }
    assert cookie.startswith("__Host-ytk-inspector=")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert (await browser.get("/api/inspector/me")).json["csrf"] == reply.json["csrf"]


async def test_after_signing_out_the_cookie_opens_nothing(edge: Edge) -> None:
    browser = await edge.inspector()
    kept = {cookie.key: cookie.value for cookie in browser.http.cookie_jar}
    assert (await browser.post("/api/inspector/logout")).status == 200
    browser.http.cookie_jar.update_cookies(kept)
    assert (await browser.get("/api/inspector/me")).code == "not_authenticated"


async def test_a_case_shows_what_was_typed_and_masks_the_numbers(case: Case) -> None:
    detail = (await case.inspector.get(case.office_path)).json
    assert detail["premises"] == {
        "name": "闽味小馆",
        "address": "福州市鼓楼区东街1号",
        "position": {"latitude": 26.0745, "longitude": 119.2965, "datum": "WGS84"},
        "fence": {
            "kind": "circle",
            "center": {"latitude": 26.0745, "longitude": 119.2965, "datum": "WGS84"},
            "radius_m": 80.0,
        },
    }
    assert detail["applicant"]["phone_masked"] == "138****1234"
    assert "91350100M000100Y43" not in str(detail)
    assert detail["opened_at"] == "2026-05-06T01:30:00.000Z"
    rows = (await case.inspector.get("/api/inspector/inspections")).json["inspections"]
    assert [(row["id"], row["premises_name"], row["state"]) for row in rows] == [(case.id, "闽味小馆", "invited")]


async def test_an_invitation_carries_a_link_of_our_own_origin_and_a_qr_code_of_it(case: Case) -> None:
    assert case.invitation["link"].startswith(case.edge.url + "/i/")
    assert case.invitation["qr_svg"].startswith("<svg")
    assert len(case.invitation["pickup_code"]) == 8


async def test_a_pick_up_code_with_the_phone_number_opens_the_same_notice(case: Case) -> None:
    body = {"pickup_code": case.invitation["pickup_code"], "phone": "13800001234"}
    notice = (await case.edge.browser("applicant").post("/api/applicant/invitations/look-up", body)).json
    assert (notice["premises_name"], notice["nature"], notice["phone_masked"]) == (
        "闽味小馆",
        "guidance",
        "138****1234",
    )
    assert notice["officials"] == [{"name": "张三", "unit": "勘验科", "badge": "No.li"}]
    assert notice["notice"]["lines"]


async def test_an_applicant_sees_the_own_case_without_invitations(case: Case) -> None:
    mine = (await case.applicant.get("/api/applicant/my")).json
    assert (mine["inspection"]["id"], mine["session_id"]) == (case.id, case.session_id)
    assert mine["inspection"]["invitations"] == []
    assert (await case.applicant.get("/api/applicant/me")).json["holder"]["inspection_id"] == case.id


async def test_a_finding_goes_from_raising_to_confirmation_and_the_case_to_its_opinion(case: Case) -> None:
    finding_id = await raised(case)
    path = f"/api/applicant/findings/{finding_id}"
    first = await case.applicant.send("POST", f"{path}/rectifications", data=form("已购置", photo()))
    assert first.status == 200, first.raw
    assert (await case.inspector.post(f"{case.office_path}/findings/{finding_id}/reject", {"reason": "看不清"})).json[
        "state"
    ] == "open"
    assert (await case.applicant.post(f"{path}/dispute", {"text": "照片是清楚的"})).json["state"] == "disputed"
    answer = {"text": "请再拍一张", "upheld": True}
    assert (await case.inspector.post(f"{case.office_path}/findings/{finding_id}/answer", answer)).json["disputes"][0][
        "answered_by"
    ] == "张三"
    await case.applicant.send("POST", f"{path}/rectifications", data=form("重新拍照", photo()))
    assert (await case.inspector.post(f"{case.office_path}/findings/{finding_id}/accept", {})).json[
        "state"
    ] == "accepted"
    visit = {
        "visited_at": "2026-05-06T01:00:00Z",
        "visitors": ["李四"],
        "items": [{"finding_id": finding_id, "confirmed": True, "note": ""}],
    }
    assert (await case.inspector.post(f"{case.office_path}/site-visits", visit)).status == 200
    given = await case.inspector.post(f"{case.office_path}/opinion", {"opinion": "fit", "text": "符合"})
    assert (given.status, given.json["given_by"]) == (200, "张三")
    detail = (await case.inspector.get(case.office_path)).json
    assert (detail["state"], detail["findings"][0]["state"], detail["opinion"]["opinion"]) == (
        "concluded",
        "confirmed",
        "fit",
    )


async def test_a_photo_comes_back_as_a_picture_to_all_three_and_the_auditors_look_is_on_record(case: Case) -> None:
    finding_id = await raised(case)
    reply = await case.applicant.send(
        "POST", f"/api/applicant/findings/{finding_id}/rectifications", data=form("已购置", photo())
    )
    answer_id = reply.json["rectifications"][0]["id"]
    for browser in (case.inspector, case.applicant, case.auditor):
        shown = await browser.get(f"/api/{browser.role}/inspections/{case.id}/rectifications/{answer_id}/photo")
        assert (shown.status, shown.headers["Content-Type"], shown.headers["X-Content-Type-Options"]) == (
            200,
            "image/jpeg",
            "nosniff",
        )
        assert shown.raw.startswith(b"\xff\xd8\xff")
    assert (await case.edge.kinds(case.id))[-1] == "view"


async def test_the_same_act_with_the_same_key_is_done_once(case: Case) -> None:
    body = {"text": "缺少灭火器", "severity": "major", "clause": "", "due_date": "2026-05-20"}
    first = await case.inspector.post(f"{case.office_path}/findings", body, key="one-and-the-same")
    again = await case.inspector.post(f"{case.office_path}/findings", body, key="one-and-the-same")
    other = await case.inspector.post(f"{case.office_path}/findings", body | {"text": "另一个"}, key="one-and-the-same")
    assert again.json == first.json
    assert (other.status, other.code) == (409, "idempotency_conflict")
    assert (await case.edge.kinds(case.id)).count("finding") == 1


async def test_entries_come_in_pages_and_an_applicant_does_not_see_who_looked(case: Case) -> None:
    await case.auditor.get(case.audit_path)
    page = (await case.inspector.get(f"{case.office_path}/entries?after=1&limit=2")).json
    assert [entry["seq"] for entry in page["entries"]] == [2, 3]
    mine = (await case.applicant.get(f"/api/applicant/inspections/{case.id}/entries")).json["entries"]
    everything = (await case.auditor.get(f"{case.audit_path}/entries")).json
    assert everything["entries"][-1]["kind"] == "view"
    assert everything["last_seq"] == everything["entries"][-1]["seq"]
    assert "view" not in [entry["kind"] for entry in mine]


async def test_an_auditor_takes_a_package_that_verifies_and_the_export_is_on_record(case: Case, tmp_path: Path) -> None:
    await raised(case)
    reply = await case.auditor.get(f"{case.audit_path}/package")
    assert reply.headers["Content-Disposition"].endswith('.zip"')
    package = tmp_path / "p.zip"
    package.write_bytes(reply.raw)
    assert verify_file(package).state is State.WHOLE
    assert (await case.edge.kinds(case.id))[-1] == "export"
    assert list((case.edge.house.data / "scratch").iterdir()) == []


async def test_an_auditor_verifies_at_a_button_in_either_language(case: Case) -> None:
    chinese = (await case.auditor.post(f"{case.audit_path}/verify")).json
    english = (await case.auditor.post(f"{case.audit_path}/verify?language=en")).json
    assert (chinese["verdict"], english["verdict"], english["first_problem"]) == ("whole", "whole", None)
    assert chinese["proven"] != english["proven"]


async def ended_with_film(case: Case) -> bytes:
    """The session begins and is left by everybody; its film will be 100 bytes."""
    office = case.edge.house.office
    for actor in await actors(case):
        await sessions.join(office, actor, case.session_id)
    await sessions.abandon(office, case.session_id)
    film = bytes(range(100))
    case.edge.films[case.session_id] = film
    return film


async def actors(case: Case) -> tuple[Actor, Actor]:
    async with case.edge.house.office.reading() as uow:
        inspection = await uow.inspections.find(case.id)
        assert inspection is not None
        user = await uow.users.find(inspection.inspector_ids[0])
    assert user is not None
    return user.as_actor(), inspection.applicant.as_actor()


async def test_a_film_that_is_missing_is_made_when_asked_for_and_plays_from_any_place(case: Case) -> None:
    film = await ended_with_film(case)
    first = (await case.auditor.get(f"{case.audit_path}/replay")).json["sessions"][0]
    assert (first["state"], first["media_url"]) == ("making", None)
    await case.edge.app[keys.REPLAY_JOBS].settled()
    session = (await case.auditor.get(f"{case.audit_path}/replay")).json["sessions"][0]
    assert (session["state"], session["duration_ms"], session["origin_at"]) == (
        "ready",
        2000,
        "2026-05-06T01:13:20.000Z",
    )
    begin = await case.auditor.get(session["media_url"], Range="bytes=0-")
    jump = await case.auditor.get(session["media_url"], Range="bytes=40-49")
    assert (begin.status, begin.raw, begin.headers["Content-Type"]) == (206, film, "video/webm")
    assert (jump.status, jump.raw, jump.headers["Content-Range"]) == (206, film[40:50], "bytes 40-49/100")
    assert (await case.edge.kinds(case.id)).count("view") == 1


async def test_a_copy_to_take_away_is_made_when_asked_for_and_its_digest_is_on_record(case: Case) -> None:
    film = await ended_with_film(case)
    copies = f"{case.audit_path}/sessions/{case.session_id}/copies"
    assert (await case.auditor.get(f"{copies}/mp4")).status == 404
    asked = (await case.auditor.post(f"{copies}/mp4")).json
    assert (asked["state"], asked["url"]) == ("making", None)
    await case.edge.app[keys.REPLAY_JOBS].settled()
    shown = (await case.auditor.get(f"{case.audit_path}/replay")).json["sessions"][0]["copies"]
    ready = next(copy for copy in shown if copy["copy_as"] == "mp4")
    digest = hashlib.sha256(film).hexdigest()
    assert (ready["state"], ready["sha256"], ready["size_bytes"], ready["reencoded"]) == ("ready", digest, 100, True)
    taken = await case.auditor.get(ready["url"])
    assert (taken.raw, taken.headers["Content-Type"]) == (film, "video/mp4")
    named = taken.headers["Content-Disposition"]
    assert named.startswith("attachment; ") and named.endswith('-copy.mp4"')
    async with case.edge.house.office.reading() as uow:
        entry = (await uow.entries.list(case.id, 0, 1000))[-1]
    assert (entry.kind, entry.payload) == ("export", {
        "session_id": case.session_id, "copy": "mp4", "copy_sha256": digest,
        "sources": [{"track_id": "a" * 26, "bytes": 4_000}],
    })  # fmt: skip
    assert (await case.auditor.post(f"{case.audit_path}/verify")).json["verdict"] == "whole"


async def test_no_copy_is_made_of_a_session_that_goes_on_and_none_of_another_kind(case: Case) -> None:
    copies = f"{case.audit_path}/sessions/{case.session_id}/copies"
    assert (await case.auditor.post(f"{copies}/mp4")).code == "state_conflict"
    assert (await case.auditor.post(f"{copies}/avi")).code == "unknown"


async def test_a_package_takes_the_film_along(case: Case) -> None:
    film = await ended_with_film(case)
    package = zipfile.ZipFile(io.BytesIO((await case.auditor.get(f"{case.audit_path}/package")).raw))
    assert package.read(f"viewing/{case.session_id}.webm") == film


async def test_health_says_what_is_down(edge: Edge) -> None:
    reply = await edge.browser("inspector").get("/healthz")
    assert (reply.status, reply.json) == (503, {"status": "degraded", "relay": "down", "database": "ok"})


async def test_a_second_inspector_shares_the_case_and_a_third_does_not_see_it(edge: Edge) -> None:
    li, wang = await edge.inspector(), await edge.inspector("wang")
    colleague = (await li.get("/api/inspector/colleagues")).json["users"][0]
    shared = (await li.post("/api/inspector/inspections", case_body(second_inspector_id=colleague["id"]))).json
    alone = (await li.post("/api/inspector/inspections", case_body())).json
    assert [one["name"] for one in shared["inspectors"]] == ["张三", "王五"]
    assert (await wang.get(f"/api/inspector/inspections/{shared['id']}")).status == 200
    assert (await wang.get(f"/api/inspector/inspections/{alone['id']}")).code == "unknown"


async def test_a_polygon_fence_is_kept_in_the_datum_of_the_premises(edge: Edge) -> None:
    li = await edge.inspector()
    points = [
        {"latitude": 26.0, "longitude": 119.0},
        {"latitude": 26.1, "longitude": 119.0},
        {"latitude": 26.1, "longitude": 119.1},
    ]
    premises = case_body()["premises"] | {"fence": {"kind": "polygon", "points": points}}
    opened = await li.post("/api/inspector/inspections", case_body(premises=premises))
    assert opened.json["premises"]["fence"] == {"kind": "polygon", "points": points}
