"""The report: what it says, what it keeps from an audience, and that its signature covers it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from inspection.domain.errors import InspectionError
from inspection.domain.package_manifest import REPORT
from inspection.domain.package_withheld import Withheld
from inspection.domain.report_facts import report_facts
from inspection.store.office_certificate import OfficeCertificate, load_or_create_certificate
from media.fonts import open_font
from tests.inspection.proof.builder import LI, SESSION, WANG, Case
from web.pdf import make_pdf
from web.pdf_signing import pdf_signer
from web.report import with_report
from web.report_page import Receipt, report_html

ZONE = ZoneInfo("Asia/Shanghai")
RECEIPT = Receipt("ABCDE-FGHIJ", 12, "2026-05-06T01:31:00.000Z", "0123456789abcdef")


@pytest.fixture(scope="module")
def font(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_font(tmp_path_factory.mktemp("fonts")).path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> OfficeCertificate:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return load_or_create_certificate(tmp_path_factory.mktemp("keys") / "office.pem", "示范县行政审批局", at)


def jpeg() -> bytes:
    picture = np.full((180, 320, 3), 120, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])


def told_case(root: Path) -> Case:
    """A session with two people, a check, a still, a finding, words and an opinion."""
    case = Case(root)
    case.open()
    person = {"session_id": SESSION, "present": True, "unit": "示范县行政审批局", "badge": "A01"}
    inspector = {"participant_id": "p2", "name": "李明", "role": "inspector", "inspectors_present": 1}
    case.add("presence", {**person, **inspector, "marked": True})
    second = {"participant_id": "p3", "name": "赵强", "role": "inspector", "inspectors_present": 2}
    case.add("presence", {**person, **second, "marked": False})
    case.record()
    case.still(content=jpeg())
    mark = {"session_id": SESSION, "item_id": "i1", "title": "门头招牌", "seen": "seen", "result": "fail"}
    case.add("check", {**mark, "still_ids": ["still1"], "note": "与执照不符"}, LI)
    for cause, seconds in (("loss", 1), ("silent", 3)):
        gap = {"session_id": SESSION, "cause": cause, "started_at": "2026-05-06T01:30:10.000Z", "packets": 0}
        case.add("gap", {**gap, "ended_at": f"2026-05-06T01:30:1{seconds}.000Z"})
    case.rectify()
    case.add("summary", {"session_id": SESSION, "text": "看了门头<b>和</b>后厨"}, LI)
    case.add("signature", {"session_id": SESSION, "decision": "disagreed", "statement": "门头已预约更换"}, WANG)
    case.add("session_ended", {"session_id": SESSION, "cause": "completed"})
    case.add("opinion", {"opinion": "partly_on_site", "text": "待现场看门头"}, LI)
    return case


def html_of(case: Case) -> str:
    return report_html(report_facts(case.entries), RECEIPT, {"still1": "still1"}, ZONE)


def test_what_stands_in_the_ledger_stands_in_the_report(tmp_path: Path) -> None:
    html = html_of(told_case(tmp_path))
    for said in (
        "YTK-2026-0001", "食品经营许可", "小王面馆 示范县东街 8 号", "王芳", "9133**********01",
        "踏勘人员 李明 示范县行政审批局 A01", "门头招牌", "与执照不符", "已看清", "不符合", "图1", "缺少防蝇设施",
        "一般，2026-06-01 前整改", "整改答复", "已装", "签字并写明不同意见", "门头已预约更换", "部分事项待现场核实",
        "网络丢包 1 处，合计 1.0 秒", "没有数据 1 处，合计 3.0 秒", "2026-05-06 09:30:", "ABCDE-FGHIJ", "不是公证",
    ):  # fmt: skip
        assert said in html, said
    assert "其中 0.0 分钟只有一名踏勘人员在场" in html, "a second of it"


def test_what_people_wrote_is_text_and_nothing_else(tmp_path: Path) -> None:
    assert "看了门头&lt;b&gt;和&lt;/b&gt;后厨" in html_of(told_case(tmp_path))


def test_an_audience_reads_nothing_of_what_is_withheld_from_it(
    tmp_path: Path, font: Path, certificate: OfficeCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = told_case(tmp_path)
    written: list[str] = []
    check = next(entry for entry in case.entries if entry.kind == "check")
    withheld = [
        Withheld("opening", "audience", seq=check.seq, path="/payload/note"),
        Withheld("still", "redacted", still="still1"),
    ]

    def keep(html: str, font: Path, pictures: dict[str, bytes]) -> bytes:
        written.append(html)
        assert set(pictures) == {"receipt"}
        return b"%PDF-"

    monkeypatch.setattr("web.report.make_pdf", keep)
    plan = with_report(case.plan("applicant", withheld), case.evidence, font, lambda document: document, ZONE)
    assert plan.texts[-1].member == REPORT
    assert "与执照不符" not in written[0] and "本副本未提供" in written[0]
    assert "另有 1 张未印出" in written[0]


def test_the_report_is_a_signed_document_that_any_change_breaks(
    tmp_path: Path, font: Path, certificate: OfficeCertificate
) -> None:
    case = told_case(tmp_path)
    sign = pdf_signer(certificate.chain_pem, certificate.key_pem)
    plan = with_report(case.plan(), case.evidence, font, sign, ZONE)
    document = plan.texts[-1].content
    signature = PdfFileReader(io.BytesIO(document)).embedded_signatures[0]
    trusted = ValidationContext(trust_roots=_roots(certificate), allow_fetching=False)
    status = validate_pdf_signature(signature, trusted)
    assert status.intact and status.valid and status.trusted and status.coverage.name == "ENTIRE_FILE"
    at = document.index(b"/Title")
    changed = document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :]
    broken = PdfFileReader(io.BytesIO(changed)).embedded_signatures[0]
    assert not validate_pdf_signature(broken, trusted).intact


def _roots(certificate: OfficeCertificate) -> list[Any]:
    from pyhanko.keys import load_certs_from_pemder_data

    return list(load_certs_from_pemder_data(certificate.root_pem))


def test_a_document_shows_its_own_pictures_and_fetches_nothing_else(font: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(bytes(cv2.imencode(".png", np.zeros((4, 4, 3), np.uint8))[1]))
    own = make_pdf("<img src='ytk:own'>", font, {"own": secret.read_bytes()})
    other = make_pdf(f"<img src='{secret.as_uri()}'><img src='http://127.0.0.1:9/x.png'><img src='ytk:none'>", font)
    assert b"/Subtype /Image" in own.replace(b"\n", b" ")
    assert b"/Subtype /Image" not in other.replace(b"\n", b" ")


def test_a_document_that_is_none_is_refused_with_a_code(font: Path, tmp_path: Path) -> None:
    with pytest.raises(InspectionError) as refused:
        make_pdf("<p>text</p>", tmp_path / "no-font.otf")
    assert refused.value.code == "pdf_failed"
