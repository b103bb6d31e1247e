from __future__ import annotations

import asyncio
from datetime import timedelta

import cv2
import numpy as np
import pytest

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError, Kind
from inspection.domain.findings import Finding, FindingState, RectificationState, Severity
from inspection.domain.inspections import InspectionState, OpinionKind
from inspection.domain.observations import VisitItem
from inspection.domain.sessions import Decision, Nature
from inspection.services import audit, closing, findings, inspections, opinions, sessions, visits
from tests.inspection.services.office import Live, in_days

pytestmark = pytest.mark.integration


def a_photo() -> bytes:
    done, png = cv2.imencode(".png", np.full((40, 60, 3), 128, np.uint8))
    assert done
    return bytes(png)


async def refused(awaitable) -> str:
    with pytest.raises(InspectionError) as caught:
        await awaitable
    return caught.value.code


async def raised(live: Live, **changed) -> Finding:
    fields = {
        "text": "灭火器过期",
        "severity": Severity.MAJOR,
        "clause": "第十二条",
        "due_date": in_days(14),
        "session_id": live.session_id,
        "key": live.key(),
    }
    done = await findings.raise_finding(live.office, live.inspector, live.inspection.id, **{**fields, **changed})
    return done.finding


async def answered(live: Live, finding: Finding, photo: bytes | None = None, key: str | None = None):
    shown = a_photo() if photo is None else photo
    return await findings.submit_rectification(
        live.office, live.applicant, finding.id, text="已经换了", photo=shown, key=key or live.key()
    )


async def completed(live: Live) -> None:
    await closing.propose_summary(live.office, live.inspector, live.session_id, "小结", live.key())
    for actor in (live.inspector, live.applicant):
        await closing.sign_summary(live.office, actor, live.session_id, Decision.SIGNED, None, live.key())
    await closing.end_session(live.office, live.inspector, live.session_id, live.key())


async def visited(live: Live, *items: VisitItem):
    return await visits.record_site_visit(
        live.office,
        live.inspector,
        live.inspection.id,
        visited_at=live.house.clock.now(),
        visitors=("张三", "赵六"),
        items=items,
        key=live.key(),
    )


async def judged(live: Live, opinion: OpinionKind):
    return await opinions.give_opinion(live.office, live.inspector, live.inspection.id, opinion, "符合条件", live.key())


async def test_words_alone_are_no_rectification(live):
    finding = await raised(live)
    alone = findings.submit_rectification(live.office, live.applicant, finding.id, text="改好了", key=live.key())
    assert await refused(alone) == "field_invalid"


async def test_a_session_held_since_the_finding_is_evidence_of_its_rectification(live):
    finding = await raised(live)
    await completed(live)
    live.house.clock.move(hours=1)
    created = await live.house.invited(live.inspector, live.inspection, Nature.RECHECK)
    applicant = (await live.house.redeemed(created, True)).actor
    for actor in (live.inspector, applicant):
        await sessions.join(live.office, actor, created.session.id)
    done = await findings.submit_rectification(
        live.office, applicant, finding.id, text="视频里已展示", session_id=created.session.id, key=live.key()
    )
    assert done.finding.state is FindingState.SUBMITTED
    assert done.entries[-1].payload["session_id"] == created.session.id


async def test_a_session_from_before_the_finding_is_no_evidence_of_its_rectification(live):
    finding = await raised(live)
    earlier = findings.submit_rectification(
        live.office, live.applicant, finding.id, text="视频里有", session_id=live.session_id, key=live.key()
    )
    assert await refused(earlier) == "field_invalid"


async def test_a_finding_goes_from_raised_to_confirmed_on_site(live):
    finding = await raised(live)
    await completed(live)
    submitted = await answered(live, finding, a_photo())
    assert submitted.finding.state is FindingState.SUBMITTED
    rejected = await findings.reject(
        live.office, live.inspector, live.inspection.id, finding.id, "看不清标签", live.key()
    )
    assert rejected.finding.rectifications[0].reason == "看不清标签"
    assert rejected.inspection.state is InspectionState.RECTIFYING
    await answered(live, finding, a_photo())
    accepted = await findings.accept(live.office, live.inspector, live.inspection.id, finding.id, None, live.key())
    assert accepted.inspection.state is InspectionState.UNDER_REVIEW
    visit = await visited(live, VisitItem(finding.id, None, True, ""), VisitItem(None, "layout", True, "看过"))
    assert visit.findings[0].state is FindingState.CONFIRMED
    concluded = await judged(live, OpinionKind.FIT)
    assert concluded.inspection.state is InspectionState.CONCLUDED
    kinds = await live.house.kinds(live.inspection.id)
    assert kinds[-6:] == [
        "rectification",
        "rectification_rejected",
        "rectification",
        "rectification_accepted",
        "site_visit",
        "opinion",
    ]


async def test_a_photo_is_kept_as_a_new_jpeg_with_its_digest(live):
    finding = await raised(live)
    done = await answered(live, finding, a_photo())
    answer = done.rectification
    assert answer is not None
    kept = (live.house.data / "evidence" / live.inspection.id / answer.file).read_bytes()
    assert kept.startswith(b"\xff\xd8\xff")
    assert done.entries[0].payload["sha256"] == answer.sha256
    found = await findings.get_rectification(live.office, live.inspector, live.inspection.id, answer.id)
    assert found == answer


@pytest.mark.parametrize("photo", [b"", b"MZ not a picture", b"\xff\xd8\xff broken", b"\x89PNG\r\n\x1a\n", b"<svg/>"])
async def test_a_document_that_is_no_picture_is_refused_and_leaves_nothing(live, photo):
    finding = await raised(live)
    assert await refused(answered(live, finding, photo)) == "picture_invalid"
    assert not (live.house.data / "evidence" / live.inspection.id).exists()
    assert (await live.house.kinds(live.inspection.id))[-1] == "finding"


async def test_a_picture_over_12_mb_is_refused_before_it_is_read(live):
    finding = await raised(live)
    photo = b"\xff\xd8\xff" + bytes(12_000_000)
    assert await refused(answered(live, finding, photo)) == "picture_too_large"


async def test_an_answer_sent_twice_is_there_once(live):
    finding = await raised(live)
    photo = a_photo()
    first, again = await asyncio.gather(*(answered(live, finding, photo, "same") for _ in range(2)))
    assert first == again
    assert len(list((live.house.data / "evidence" / live.inspection.id / "rectifications").iterdir())) == 1


async def test_a_refused_answer_leaves_no_photo_behind(live):
    finding = await raised(live)
    await answered(live, finding, a_photo())
    assert await refused(answered(live, finding, a_photo())) == "state_conflict"
    assert len(list((live.house.data / "evidence" / live.inspection.id / "rectifications").iterdir())) == 1


async def test_a_disagreement_is_answered_by_a_named_officer(live):
    finding = await raised(live)
    await findings.dispute(live.office, live.applicant, finding.id, "上个月刚换的", live.key())
    assert await refused(answered(live, finding)) == "state_conflict"
    done = await findings.answer_dispute(
        live.office, live.second, live.inspection.id, finding.id, "标签日期是去年", True, live.key()
    )
    assert done.finding.state is FindingState.OPEN
    assert done.finding.disputes[0].answered_by == "王五"
    assert (await answered(live, finding)).finding.state is FindingState.SUBMITTED


async def test_a_dispute_that_wins_settles_the_finding(live):
    finding = await raised(live)
    await findings.dispute(live.office, live.applicant, finding.id, "上个月刚换的", live.key())
    done = await findings.answer_dispute(
        live.office, live.inspector, live.inspection.id, finding.id, "您说得对", False, live.key()
    )
    assert done.finding.is_settled
    assert await refused(answered(live, finding)) == "finding_closed"


async def test_an_accepted_finding_takes_no_more_answers(live):
    finding = await raised(live)
    done = await answered(live, finding)
    await findings.accept(live.office, live.inspector, live.inspection.id, finding.id, "好", live.key())
    assert done.rectification is not None
    assert done.rectification.state is RectificationState.SUBMITTED
    assert await refused(answered(live, finding)) == "finding_closed"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"due_date": in_days(-1)}, "due_date"),
        ({"still_id": "no-such-still"}, "still_id"),
        ({"session_id": "no-such-session"}, "session_id"),
    ],
)
async def test_a_finding_of_bad_form_is_refused_by_its_field(live, changed, field):
    with pytest.raises(InspectionError) as caught:
        await raised(live, **changed)
    assert (caught.value.kind, caught.value.field) == (Kind.INVALID, field)


async def test_findings_of_others_are_not_there(live):
    finding = await raised(live)
    stranger = (await live.house.staff("zhao")).as_actor()
    asked = findings.accept(live.office, stranger, live.inspection.id, finding.id, None, live.key())
    assert await refused(asked) == "unknown"
    other = await live.house.opened(live.inspector)
    asked = findings.accept(live.office, live.inspector, other.id, finding.id, None, live.key())
    assert await refused(asked) == "unknown"


async def test_a_fit_opinion_waits_for_findings_and_a_visit(live):
    assert await refused(judged(live, OpinionKind.FIT)) == "state_conflict"
    await completed(live)
    finding = await raised(live)
    assert await refused(judged(live, OpinionKind.FIT)) == "finding_open"
    await answered(live, finding)
    await findings.accept(live.office, live.inspector, live.inspection.id, finding.id, None, live.key())
    assert await refused(judged(live, OpinionKind.FIT)) == "site_visit_required"
    await visited(live)
    assert (await judged(live, OpinionKind.FIT)).opinion.given_by_name == "张三"
    assert await refused(judged(live, OpinionKind.NOT_FIT)) == "state_conflict"
    assert await refused(raised(live)) == "state_conflict"


async def test_an_opinion_ends_a_session_that_still_waits(live):
    await completed(live)
    created = await live.house.invited(live.inspector, live.inspection)
    done = await judged(live, OpinionKind.NOT_FIT)
    assert [entry.kind for entry in done.entries] == ["session_ended", "opinion"]
    assert await refused(sessions.join(live.office, live.inspector, created.session.id)) == "session_not_open"


async def test_after_a_stop_the_visit_brings_the_case_on(live):
    await closing.stop(live.office, live.applicant, live.session_id, "孩子在睡觉", live.key())
    done = await visited(live, VisitItem(None, "layout", True, ""))
    assert done.inspection.state is InspectionState.UNDER_REVIEW


@pytest.mark.parametrize(
    "items",
    [
        (VisitItem(None, None, True, ""),),
        (VisitItem("f", "layout", True, ""),),
        (VisitItem(None, "no-such-item", True, ""),),
        (VisitItem("no-such-finding", None, True, ""),),
    ],
)
async def test_a_visit_confirms_known_things_only(live, items):
    assert await refused(visited(live, *items)) == "field_invalid"


async def test_a_visit_from_the_future_or_by_nobody_is_refused(live):
    for visited_at, visitors in (
        (live.house.clock.now() + timedelta(hours=1), ("张三",)),
        (live.house.clock.now(), ()),
    ):
        asked = visits.record_site_visit(
            live.office,
            live.inspector,
            live.inspection.id,
            visited_at=visited_at,
            visitors=visitors,
            items=(),
            key=live.key(),
        )
        assert await refused(asked) == "field_invalid"


async def test_each_look_of_an_auditor_is_an_entry(live):
    auditor = (await live.house.staff("shen", Role.AUDITOR)).as_actor()
    before = await audit.entries(live.office, auditor, live.inspection.id, 0)
    await audit.view(live.office, auditor, live.inspection.id, "replay")
    await audit.record_export(live.office, auditor, live.inspection.id, "a" * 64)
    page = await audit.entries(live.office, auditor, live.inspection.id, before.last_seq)
    told = [(entry.kind, entry.opened_json()["actor"]["name"]) for entry in page.entries]
    assert told == [("view", "张三"), ("export", "张三")]
    assert await refused(audit.view(live.office, live.inspector, live.inspection.id, "replay")) == "not_allowed"


async def test_entries_come_in_pages_in_order(live):
    whole = await audit.entries(live.office, live.applicant, live.inspection.id, 0, 1000)
    page = await audit.entries(live.office, live.applicant, live.inspection.id, 2, 3)
    assert [entry.seq for entry in page.entries] == [3, 4, 5]
    assert page.entries == whole.entries[2:5]
    assert page.last_seq == whole.entries[-1].seq == len(whole.entries) > 5
    for after, limit in ((-1, 10), (0, 0), (0, 1001)):
        asked = audit.entries(live.office, live.applicant, live.inspection.id, after, limit)
        assert await refused(asked) == "field_invalid"


async def test_the_applicant_sees_no_invitations_and_the_inspector_does(live):
    seen = [
        await inspections.get_inspection(live.office, actor, live.inspection.id)
        for actor in (live.applicant, live.inspector)
    ]
    assert [len(detail.invitations) for detail in seen] == [0, 1]
