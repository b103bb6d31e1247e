from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from inspection.domain.actor import Actor, Level, Role
from inspection.domain.errors import InspectionError
from inspection.domain.sessions import (
    Decision,
    EndCause,
    Nature,
    Session,
    SessionState,
    Signature,
    is_marked,
    may_start,
    participant_of,
)

pytestmark = pytest.mark.unit
NOW = datetime(2026, 5, 6, tzinfo=UTC)
APPLICANT = Actor(Role.APPLICANT, "a", "陈", Level.PHONE)
FIRST = Actor(Role.INSPECTOR, "i1", "张三", Level.ACCOUNT)
SECOND = Actor(Role.INSPECTOR, "i2", "李四", Level.ACCOUNT)


def a_session(nature: Nature = Nature.GUIDANCE) -> Session:
    return Session("s", "i", 1, nature, SessionState.WAITING, NOW)


def people(*actors: Actor):
    return tuple(participant_of(actor, f"p-{actor.id}", "s", NOW) for actor in actors)


def signed_by(session: Session, *actors: Actor) -> Session:
    for actor in actors:
        session = session.with_signature(Signature(actor.id, actor.name, actor.role, Decision.SIGNED, None, NOW))
    return session


def code_of(change) -> str:
    with pytest.raises(InspectionError) as refused:
        change()
    return refused.value.code


@pytest.mark.parametrize(
    ("there", "starts"),
    [((APPLICANT,), False), ((FIRST, SECOND), False), ((APPLICANT, FIRST), True), ((APPLICANT, FIRST, SECOND), True)],
)
def test_a_session_starts_when_the_applicant_and_an_inspector_are_there(there, starts):
    assert may_start(a_session(), people(*there)) is starts


def test_somebody_who_left_does_not_start_a_session():
    applicant, inspector = people(APPLICANT, FIRST)
    assert not may_start(a_session(), (applicant.as_present(False), inspector))


def test_minutes_of_a_verification_with_one_inspector_are_marked():
    both = people(APPLICANT, FIRST, SECOND)
    assert is_marked(a_session(Nature.VERIFICATION), both[:2])
    assert not is_marked(a_session(Nature.VERIFICATION), both)
    assert is_marked(a_session(Nature.VERIFICATION), (*both[:2], both[2].as_present(False)))
    assert not is_marked(a_session(Nature.GUIDANCE), both[:2])


def test_recording_needs_a_live_session_and_an_agreement():
    assert code_of(lambda: a_session().recorded(True)) == "session_not_open"
    assert code_of(lambda: a_session().started(NOW).recorded(True)) == "not_yet_agreed"
    assert a_session().agreed(position=False).started(NOW).recorded(True).recording


def test_an_ended_session_records_nothing_and_stays_ended():
    ended = a_session().agreed(position=True).started(NOW).recorded(True).ended(EndCause.STOPPED, NOW)
    assert not ended.recording
    for change in (
        lambda: ended.started(NOW),
        lambda: ended.ended(EndCause.COMPLETED, NOW),
        lambda: ended.recorded(True),
    ):
        assert code_of(change) == "session_not_open"


def test_a_summary_is_reworded_only_until_the_first_decision():
    live = a_session().started(NOW).summarised("初稿").summarised("定稿")
    assert live.summary == "定稿"
    assert code_of(lambda: signed_by(live, FIRST).summarised("再改")) == "state_conflict"


def test_nobody_decides_twice_or_on_nothing():
    live = a_session().started(NOW)
    assert code_of(lambda: signed_by(live, FIRST)) == "summary_missing"
    assert code_of(lambda: signed_by(live.summarised("小结"), FIRST, FIRST)) == "state_conflict"


def test_everybody_present_decides_before_a_session_completes():
    live = signed_by(a_session().started(NOW).summarised("小结"), FIRST)
    assert code_of(lambda: live.require_conclusion(people(APPLICANT, FIRST))) == "signature_missing"
    signed_by(live, APPLICANT).require_conclusion(people(APPLICANT, FIRST))


def test_whoever_left_keeps_nobody_waiting():
    live = signed_by(a_session().started(NOW).summarised("小结"), FIRST)
    applicant, inspector = people(APPLICANT, FIRST)
    assert code_of(lambda: live.require_conclusion((applicant, inspector))) == "signature_missing"
    live.require_conclusion((applicant.as_present(False), inspector))


def test_a_verification_is_concluded_by_two_inspectors():
    live = a_session(Nature.VERIFICATION).started(NOW).summarised("小结")
    alone = signed_by(live, APPLICANT, FIRST)
    assert code_of(lambda: alone.require_conclusion(people(APPLICANT, FIRST))) == "two_inspectors_required"
    signed_by(alone, SECOND).require_conclusion(people(APPLICANT, FIRST, SECOND))


def test_a_completion_needs_a_summary():
    live = replace(a_session().started(NOW), summary=None)
    assert code_of(lambda: live.require_conclusion(people(FIRST))) == "summary_missing"
