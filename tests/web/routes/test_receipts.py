"""Receipts over HTTP: who gets one, what it is good for, and that nobody else learns anything."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.domain.key_history import check_key_history, parse_key_line
from inspection.domain.merkle import verify_consistency
from inspection.domain.receipts import code_of, parse_receipt
from inspection.store.signer import verify_ed25519
from tests.off_loop import threads_of
from tests.web.routes.conftest import Case
from tests.web.routes.house import Browser, Edge, Json, case_body, come_in
from web.routes import receipts as routes

pytestmark = pytest.mark.integration


def path_of(browser: Browser, inspection_id: str) -> str:
    return f"/api/{browser.role}/inspections/{inspection_id}/receipt"


async def receipt(case: Case, browser: Browser) -> Json:
    reply = await browser.get(path_of(browser, case.id))
    assert reply.status == 200, reply.raw
    assert reply.headers["Cache-Control"] == "no-store"
    return dict(reply.json)


def read_pdf(page: Path) -> tuple[str, str, set[str]]:
    """Its text, what `pdfinfo` says of it, and what a reader of QR codes makes of it at several resolutions."""
    text = subprocess.run(["pdftotext", "-raw", page, "-"], capture_output=True, check=True).stdout.decode()
    facts = subprocess.run(["pdfinfo", page], capture_output=True, check=True).stdout.decode()
    return text, facts, {code for dpi in (150, 200, 250, 300, 400) for code in scanned(page, dpi)}


def scanned(page: Path, dpi: int) -> list[str]:
    """What two readers make of it: one alone misses a code on a whole page now and then."""
    subprocess.run(["pdftoppm", "-r", str(dpi), "-png", "-singlefile", page, page.with_suffix("")], check=True)
    picture = cv2.imread(str(page.with_suffix(".png")), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    readers = (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco())
    return [str(reader.detectAndDecode(picture)[0]) for reader in readers]


async def raise_finding(case: Case) -> None:
    body = {"text": "缺少灭火器", "severity": "major", "clause": "第五条", "due_date": "2026-05-20"}
    reply = await case.inspector.post(f"{case.office_path}/findings", body)
    assert reply.status == 200, reply.raw


async def test_everybody_on_the_inspection_gets_the_same_head_of_the_whole_ledger(case: Case) -> None:
    people = (case.applicant, case.inspector, case.auditor)
    given = [await receipt(case, one) for one in people]
    [head] = parse_receipt(given[0]["line"])
    entries = (await case.inspector.get(f"{case.office_path}/entries?after=0")).json
    assert head.size == given[0]["size"] == entries["last_seq"]
    assert [one["line"] for one in given] == [given[0]["line"]] * 3
    assert given[0]["code"] == code_of(head)


async def test_a_receipt_is_signed_by_a_key_of_the_history_that_comes_with_it(case: Case) -> None:
    given = await receipt(case, case.applicant)
    keys = [parse_key_line(line.encode()) for line in given["keys"]]
    check_key_history(keys, verify_ed25519)
    [head] = parse_receipt(given["line"])
    assert head.is_signed_by(keys[-1].public_key, verify_ed25519)


async def test_a_later_receipt_continues_an_earlier_one_and_the_proof_shows_it(case: Case) -> None:
    [before] = parse_receipt((await receipt(case, case.applicant))["line"])
    await raise_finding(case)
    [after] = parse_receipt((await receipt(case, case.applicant))["line"])
    assert after.size > before.size
    path = path_of(case.applicant, case.id)
    answer = (await case.applicant.get(f"{path}/consistency?first={before.size}&second={after.size}")).json
    proof = [bytes.fromhex(node) for node in answer["proof"]]
    assert verify_consistency(before.size, before.root_bytes, after.size, after.root_bytes, proof)
    assert not verify_consistency(before.size, after.root_bytes, after.size, after.root_bytes, proof)


async def test_asking_again_makes_no_other_receipt(case: Case) -> None:
    assert (await receipt(case, case.applicant))["line"] == (await receipt(case, case.inspector))["line"]


async def test_the_qr_code_holds_the_line(case: Case) -> None:
    given = await receipt(case, case.applicant)
    modules = np.array([[0 if module == "1" else 255 for module in row] for row in given["qr"]], np.uint8)
    picture = np.kron(np.pad(modules, 4, constant_values=255), np.ones((6, 6), np.uint8))
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    assert text == given["line"]


@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, 1), ("x", 1), (-1, 2), (1, 2**40)])
async def test_sizes_that_make_no_sense_are_refused(case: Case, first: object, second: object) -> None:
    reply = await case.applicant.get(f"{path_of(case.applicant, case.id)}/consistency?first={first}&second={second}")
    assert (reply.status, reply.code) == (400, "field_invalid")


async def test_a_head_beyond_the_ledger_is_told_by_a_code_of_its_own(case: Case) -> None:
    size = (await receipt(case, case.applicant))["size"]
    reply = await case.applicant.get(f"{path_of(case.applicant, case.id)}/consistency?first={size}&second={size + 1}")
    assert (reply.status, reply.code) == (409, "receipt_beyond")


async def test_others_learn_nothing_not_even_that_it_exists(edge: Edge, case: Case) -> None:
    stranger = await edge.inspector("wang")
    other = await stranger.post("/api/inspector/inspections", case_body())
    made = await stranger.post(f"/api/inspector/inspections/{other.json['id']}/sessions", {"nature": "guidance"})
    neighbour = await come_in(edge, made.json["invitation"])
    nobody = edge.browser("applicant")
    for tail in ("", "/consistency?first=1&second=1", ".pdf"):
        for browser in (stranger, neighbour):
            reply = await browser.get(path_of(browser, case.id) + tail)
            assert (reply.status, reply.code) == (404, "unknown")
        assert (await nobody.get(path_of(nobody, case.id) + tail)).status == 401


async def test_asking_without_end_is_stopped(case: Case) -> None:
    path = path_of(case.applicant, case.id)
    answers = [await case.applicant.get(f"{path}/consistency?first=1&second=1") for _ in range(160)]
    refused = [reply for reply in answers if reply.status != 200]
    assert {reply.code for reply in refused} == {"too_many_attempts"}
    assert "Retry-After" in refused[0].headers


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize(("language", "word"), [("zh-CN", "台账回执"), ("en", "Receipt for the record")])
async def test_the_printed_page_says_the_code_and_what_it_is_worth(
    case: Case, tmp_path: Path, language: str, word: str
) -> None:
    given = await receipt(case, case.applicant)
    reply = await case.applicant.get(f"{path_of(case.applicant, case.id)}.pdf?language={language}")
    assert reply.headers["Content-Type"] == "application/pdf"
    page = tmp_path / "receipt.pdf"
    page.write_bytes(reply.raw)
    text, facts, codes = await asyncio.to_thread(read_pdf, page)
    assert "Pages:           1" in facts
    assert "A5" in facts or "419.528 x 595.276" in facts
    assert word in text
    assert given["code"] in text.replace(" ", "").replace("\n", "")
    assert given["number"] in text
    words = "不证明此前没有漏记" if language == "zh-CN" else "not that nothing had been left out"
    assert words in text.replace("\n", "" if language == "zh-CN" else " ")
    assert given["line"] in codes


async def test_qr_codes_are_drawn_off_the_event_loop(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = threads_of(monkeypatch, routes, "qr_rows")
    pages = threads_of(monkeypatch, routes, "receipt_html")
    assert (await receipt(case, case.applicant))["qr"]
    await case.applicant.get(f"{path_of(case.applicant, case.id)}.pdf")
    assert len(drawn) == len(pages) == 1
    assert threading.current_thread() not in {*drawn, *pages}
