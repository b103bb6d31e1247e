"""Masked numbers over HTTP: nothing whole without a reason, and every look on record."""

from __future__ import annotations

import logging

import pytest

from tests.web.routes.conftest import Case
from tests.web.routes.house import case_body

pytestmark = pytest.mark.integration


def whole_numbers() -> tuple[str, str]:
    applicant = case_body()["applicant"]
    return applicant["id_number"], applicant["phone"].replace(" ", "")


async def test_no_answer_holds_a_whole_number(case: Case) -> None:
    for browser in (case.inspector, case.auditor, case.applicant):
        base = f"/api/{browser.role}/inspections/{case.id}"
        for path in (base, f"{base}/entries?after=0"):
            reply = await browser.get(path)
            assert reply.status == 200, reply.raw
            assert [number for number in whole_numbers() if number in str(reply.json)] == []


async def test_a_number_is_shown_for_a_reason_and_the_look_is_on_record(case: Case) -> None:
    reply = await case.inspector.post(f"{case.office_path}/reveal", {"what": "phone", "reason": "回拨核实"})
    assert (reply.status, reply.json) == (200, {"value": whole_numbers()[1], "shown_s": 30})
    entries = (await case.auditor.get(f"{case.audit_path}/entries?after=0")).json["entries"]
    looks = [entry["payload"] for entry in entries if entry["kind"] == "reveal"]
    assert [(one["what"], one["reason"]) for one in looks] == [("phone", "回拨核实")]
    seen_by_applicant = (await case.applicant.get(f"/api/applicant/inspections/{case.id}/entries?after=0")).json
    assert [entry for entry in seen_by_applicant["entries"] if entry["kind"] == "reveal"] == []


async def test_without_a_reason_nothing_is_shown(case: Case) -> None:
    reply = await case.inspector.post(f"{case.office_path}/reveal", {"what": "phone", "reason": " "})
    assert (reply.status, reply.json["code"]) == (400, "field_invalid")
    other = await case.inspector.post(f"{case.office_path}/reveal", {"what": "address", "reason": "回拨核实"})
    assert other.status == 400


async def test_an_inspection_is_found_by_a_whole_number_alone(case: Case) -> None:
    for number in whole_numbers():
        found = (await case.inspector.post("/api/inspector/find", {"number": number})).json["inspections"]
        assert [one["id"] for one in found] == [case.id]
        assert (await case.auditor.post("/api/auditor/find", {"number": number[:-1]})).json["inspections"] == []


async def test_numbers_cannot_be_tried_one_after_another(case: Case) -> None:
    tried = [await case.inspector.post("/api/inspector/find", {"number": f"1380000{n:04}"}) for n in range(11)]
    assert [reply.status for reply in tried[:10]] == [200] * 10
    assert tried[10].json["code"] == "too_many_attempts"
    assert 1 <= tried[10].json["retry_after_s"] <= 5
    assert (await case.auditor.post("/api/auditor/find", {"number": "13800000000"})).status == 200


async def test_the_log_says_who_looked_for_a_number_and_not_for_which(
    case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "web.routes.inspections")
    number = whole_numbers()[0]
    await case.inspector.post("/api/inspector/find", {"number": number})
    (line,) = [record.getMessage() for record in caplog.records if record.name == "web.routes.inspections"]
    assert line.startswith("inspector ") and line.endswith("found 1 inspections")
    assert number not in line
