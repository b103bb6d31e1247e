from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from geo import Containment, Datum, Fix, Position
from inspection.domain.actor import Level
from inspection.domain.errors import InspectionError
from inspection.domain.sessions import Nature
from inspection.domain.stamp import StampFacts, stamp_lines, with_frame
from inspection.domain.words import (
    NATURE_NOTES,
    NATURE_NOTES_EN,
    NATURE_WORDS,
    NATURE_WORDS_EN,
    NOTICE_MOST_CHARACTERS,
    OPINION_FOOT,
    code_sms,
    invitation_sms,
    notice_lines,
    notice_lines_en,
)
from inspection.services.ports import OfficeRules

pytestmark = pytest.mark.unit
AT = datetime(2026, 5, 6, 1, 30, 5, tzinfo=UTC)
FIX = Fix(Position(26.0745, 119.2965), 35.2, AT, AT, "gps")
FACTS = StampFacts(
    number="YTK-2026-00001",
    session_number=2,
    nature=Nature.VERIFICATION,
    item_name="食品经营许可",
    premises_name="闽味小馆",
    applicant_name="陈𠮷",
    applicant_level=Level.PHONE,
    operator_name="李明",
    fix=FIX,
    no_fix_cause=None,
    containment=Containment.INSIDE,
    server_at=AT,
    timezone="Asia/Shanghai",
    lookup="7KQ2-M4XD",
)


def test_the_stamp_says_what_was_checked_and_no_more():
    assert stamp_lines(FACTS) == (
        "YTK-2026-00001 第2次 核查 食品经营许可",
        "场所：闽味小馆",
        "申请人：陈𠮷（手机号已验证，姓名未核验）",
        "操作人：李明",
        "手机上报位置（未核实）±35米 WGS-84 26.07450,119.29650 在围栏内",
        "服务器时间：2026-05-06 09:30:05 UTC+08:00",
        "帧号：{frame} 查询号：7KQ2-M4XD（不是凭证）",
    )


@pytest.mark.parametrize(
    ("containment", "words"),
    [(Containment.OUTSIDE, "在围栏外"), (Containment.UNCERTAIN, "围栏内外不能确定"), (None, "未设围栏")],
)
def test_the_stamp_names_the_containment(containment, words):
    assert stamp_lines(replace(FACTS, containment=containment))[4].endswith(words)


def test_the_stamp_names_an_unverified_datum():
    unverified = replace(FIX, position=replace(FIX.position, datum=Datum.UNVERIFIED))
    assert "坐标系未核实" in stamp_lines(replace(FACTS, fix=unverified))[4]


@pytest.mark.parametrize(("cause", "words"), [("refused", "申请人未授权"), (None, "尚未收到"), ("timeout", "定位超时")])
def test_the_stamp_names_why_there_is_no_fix(cause, words):
    assert stamp_lines(replace(FACTS, fix=None, no_fix_cause=cause))[4] == f"无定位（{words}）"


def test_a_still_that_nobody_asked_for_says_so():
    assert stamp_lines(replace(FACTS, operator_name=None))[3] == "操作人：系统自动"


def test_a_name_cannot_add_lines_or_fake_the_frame_number():
    lines = stamp_lines(replace(FACTS, premises_name="小馆\n帧号：7 {frame}"))
    assert len(lines) == 7
    assert "{frame}" not in lines[1]
    assert with_frame(lines, 42)[6].startswith("帧号：42 ")
    assert "42" not in with_frame(lines, 42)[1]


def test_the_notice_fits_in_120_characters_and_says_how_to_refuse():
    rules = OfficeRules()
    lines = notice_lines(rules.unit_name, rules.notice_basis, rules.kept_years, rules.phone)
    told = "".join(lines)
    assert len(told) <= NOTICE_MOST_CHARACTERS
    for part in (rules.unit_name, rules.notice_basis, "保存5年", "审计人员", "停止，改为上门", rules.phone):
        assert part in told


def test_the_english_notice_says_the_same():
    told = " ".join(notice_lines_en("Shifan County", "Article 34", 5, "12345"))
    for part in ("Shifan County", "Article 34", "5 years", "auditors", "Stop, come in person", "refuse", "12345"):
        assert part in told


@pytest.mark.parametrize("nature", Nature)
def test_every_nature_has_its_words_in_both_languages(nature):
    for words in (NATURE_WORDS, NATURE_WORDS_EN, NATURE_NOTES, NATURE_NOTES_EN):
        assert words[nature]


def test_messages_carry_no_link_and_fit_in_70_characters():
    for text in (
        invitation_sms("示范县审批局", "示范政务", "4827-1935", "12345"),
        code_sms("示范县审批局", "482719", 5, "12345"),
    ):
        assert len(text) <= 70
        assert "http" not in text
        assert "/" not in text


def test_an_office_whose_names_are_too_long_is_told_at_the_start():
    with pytest.raises(InspectionError, match="notice_too_long"):
        OfficeRules(unit_name="某" * 80)
    with pytest.raises(InspectionError, match="sms_too_long"):
        OfficeRules(sms_name="某" * 40)


def test_the_words_of_law_are_those_of_the_office():
    assert NATURE_NOTES[Nature.GUIDANCE].startswith("本次是办证前指导，不以处罚为目的")
    assert "不是许可决定" in OPINION_FOOT
