from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from inspection.domain.actor import Actor, Level, Role
from inspection.domain.errors import InspectionError
from inspection.domain.sessions import (
    Decision,
    EndCause,
    Nature,
    Session,
    SessionState,
    Signature,
    participant_of,
)

pytestmark = pytest.mark.unit
PEOPLE = (
    Actor(Role.APPLICANT, "a", "陈", Level.PHONE),
    Actor(Role.INSPECTOR, "i1", "张三", Level.ACCOUNT),
    Actor(Role.INSPECTOR, "i2", "李四", Level.ACCOUNT),
)


class SessionLife(RuleBasedStateMachine):
    """Whatever arrives in whatever order, a session keeps its promises to the people in it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 5, 6, tzinfo=UTC)
        self.session = Session("s", "i", 1, Nature.VERIFICATION, SessionState.WAITING, self.now)
        self.frozen: Session | None = None

    def _try(self, change) -> None:
        self.now += timedelta(seconds=1)
        try:
            self.session = change(self.session)
        except InspectionError as error:
            assert error.code in ("session_not_open", "not_yet_agreed", "state_conflict", "summary_missing")
        if self.session.state is SessionState.ENDED and self.frozen is None:
            self.frozen = self.session

    @rule(position=st.booleans())
    def agree(self, position):
        if self.session.state is not SessionState.ENDED:
            self._try(lambda session: session.agreed(position=position))

    @rule()
    def start(self):
        if self.session.state is SessionState.WAITING:
            self._try(lambda session: session.started(self.now))

    @rule(on=st.booleans())
    def record(self, on):
        self._try(lambda session: session.recorded(on))

    @rule(text=st.sampled_from(("初稿", "定稿")))
    def summarise(self, text):
        self._try(lambda session: session.summarised(text))

    @rule(person=st.sampled_from(PEOPLE), decision=st.sampled_from(Decision))
    def decide(self, person, decision):
        signature = Signature(person.id, person.name, person.role, decision, "理由", self.now)
        self._try(lambda session: session.with_signature(signature))

    @rule()
    def complete(self):
        there = tuple(participant_of(person, person.id, "s", self.now) for person in PEOPLE)
        try:
            self.session.require_conclusion(there)
        except InspectionError:
            return
        assert {held.actor_id for held in self.session.signatures} == {"a", "i1", "i2"}
        self._try(lambda session: session.ended(EndCause.COMPLETED, self.now))

    @rule()
    def stop(self):
        self._try(lambda session: session.ended(EndCause.STOPPED, self.now))

    @invariant()
    def nothing_is_recorded_without_leave_or_outside_the_session(self):
        if self.session.recording:
            assert self.session.recording_agreed
            assert self.session.state is SessionState.LIVE

    @invariant()
    def decisions_are_on_a_summary_and_one_a_person(self):
        people = [held.actor_id for held in self.session.signatures]
        assert len(people) == len(set(people))
        assert not people or self.session.summary is not None

    @invariant()
    def an_ended_session_never_changes(self):
        assert self.frozen is None or self.session == self.frozen


TestSessionLife = SessionLife.TestCase
