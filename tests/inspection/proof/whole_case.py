"""An inspection in which everybody says, writes and is something personal, up to the opinion."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import cv2
import numpy as np

from inspection.domain.findings import Finding, Severity
from inspection.domain.inspections import OpinionKind
from inspection.domain.observations import CheckResult, Seen, StillReason, VisitItem
from inspection.domain.sessions import Decision
from inspection.services import closing, findings, opinions, reports, stills, visits
from inspection.services.results import RenderedStill
from tests.inspection.services.office import PHONE, USCC, Live, in_days

PHOTO = cv2.imencode(".png", np.full((40, 60, 3), 128, np.uint8))[1].tobytes()
JPEG = b"\xff\xd8" + b"a picture that only looks like one" * 20 + b"\xff\xd9"
PERSONS = (
    "陈𠮷",
    "闽味小馆",
    "福州市鼓楼区东街1号",
    PHONE,
    USCC,
    "138****1234",
    "张三",
    "王五",
    "勘验科",
    "No.li",
    "赵六",
)
WORDS = (
    "请把镜头对准招牌", "灶台很干净", "灭火器过期", "第十二条第三款", "已经换了新的", "还差一个标签", "标签是贴了的",
    "确实贴了标签", "今天看了后厨", "我不同意这一点", "标签在现场看到", "总体符合要求",
)  # fmt: skip


async def play(live: Live) -> None:
    """From a live session to the opinion."""
    office, inspector, applicant, session_id = live.office, live.inspector, live.applicant, live.session_id
    await reports.send_chat(office, inspector, session_id, WORDS[0], live.key())
    await take_still(live)
    marked = {"item_id": "layout", "seen": Seen.SEEN, "result": CheckResult.PASS, "note": WORDS[1]}
    await reports.mark_check(office, inspector, session_id, **marked, key=live.key())  # type: ignore[arg-type]
    raised = await findings.raise_finding(
        office, inspector, live.inspection.id, text=WORDS[2], severity=Severity.MAJOR, clause=WORDS[3],
        due_date=in_days(9), session_id=session_id, still_id=None, key=live.key(),
    )  # fmt: skip
    await closing.propose_summary(office, inspector, session_id, WORDS[8], live.key())
    await closing.sign_summary(office, inspector, session_id, Decision.SIGNED, None, live.key())
    await closing.sign_summary(office, applicant, session_id, Decision.DISAGREED, WORDS[9], live.key())
    await closing.end_session(office, inspector, session_id, live.key())
    await _settle(live, raised.finding)
    item = VisitItem(raised.finding.id, None, True, WORDS[10])
    visited_at = office.clock.now() - timedelta(hours=1)
    visited = {"visited_at": visited_at, "visitors": ("赵六",), "items": (item,)}
    await visits.record_site_visit(office, inspector, live.inspection.id, **visited, key=live.key())  # type: ignore[arg-type]
    await opinions.give_opinion(office, inspector, live.inspection.id, OpinionKind.FIT, WORDS[11], live.key())


async def take_still(live: Live) -> str:
    """A still on disk and on record."""
    plan = await stills.plan_still(live.office, live.inspector, live.session_id, StillReason.MANUAL)
    path = live.house.data / "evidence" / live.inspection.id / plan.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(JPEG)
    digest = hashlib.sha256(JPEG).hexdigest()
    rendered = RenderedStill("track1", digest, len(JPEG), 640, 480, 3, 9000, 1_777_000_000_000_000, "a" * 64, "b" * 64)
    await stills.record_still(live.office, live.inspector, plan, rendered)
    return plan.file


async def _settle(live: Live, finding: Finding) -> None:
    office, inspector, applicant, case = live.office, live.inspector, live.applicant, live.inspection.id
    await findings.submit_rectification(office, applicant, finding.id, text=WORDS[4], photo=PHOTO, key=live.key())
    await findings.reject(office, inspector, case, finding.id, WORDS[5], live.key())
    await findings.dispute(office, applicant, finding.id, WORDS[6], live.key())
    await findings.answer_dispute(office, inspector, case, finding.id, WORDS[7], True, live.key())
    await findings.submit_rectification(office, applicant, finding.id, text=WORDS[4], photo=PHOTO, key=live.key())
    await findings.accept(office, inspector, case, finding.id, None, live.key())
