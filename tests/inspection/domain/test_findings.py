from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from inspection.domain.errors import InspectionError
from inspection.domain.findings import (
    Dispute,
    Finding,
    FindingState,
    Rectification,
    RectificationState,
    Severity,
)

pytestmark = pytest.mark.unit
NOW = datetime(2026, 5, 6, tzinfo=UTC)


def a_finding() -> Finding:
    return Finding(
        id="f", inspection_id="i", session_id=None, still_id=None, text="灭火器过期", severity=Severity.MAJOR,
        clause="第十二条", due_date=date(2026, 5, 20), state=FindingState.OPEN, raised_by="u", raised_at=NOW,
    )  # fmt: skip


def an_answer(number: int = 0) -> Rectification:
    return Rectification(f"r{number}", "换了", None, None, None, RectificationState.SUBMITTED, None, NOW)


class FindingLife(RuleBasedStateMachine):
    """Whatever people press in whatever order, a finding stays sensible."""

    def __init__(self) -> None:
        super().__init__()
        self.finding = a_finding()
        self.count = 0

    def _try(self, change):
        before = self.finding
        try:
            self.finding = change(before)
        except InspectionError as error:
            assert error.code == "finding_closed" if before.is_settled else error.code == "state_conflict"

    @rule()
    def submit(self):
        self.count += 1
        self._try(lambda finding: finding.submitted(an_answer(self.count)))

    @rule()
    def accept(self):
        self._try(lambda finding: finding.accepted(None))

    @rule()
    def reject(self):
        self._try(lambda finding: finding.rejected("看不清"))

    @rule()
    def dispute(self):
        self.count += 1
        self._try(lambda finding: finding.disputed(Dispute(f"d{self.count}", "不同意", NOW)))

    @rule()
    def answer_that_it_stands(self):
        self._try(lambda finding: finding.answered("条文如此", True, "张三"))

    @rule()
    def answer_that_it_falls(self):
        self._try(lambda finding: finding.answered("您说得对", False, "张三"))

    @invariant()
    def a_submitted_finding_has_exactly_one_answer_waiting(self):
        waiting = [answer.state for answer in self.finding.rectifications].count(RectificationState.SUBMITTED)
        assert waiting == (1 if self.finding.state is FindingState.SUBMITTED else 0)

    @invariant()
    def a_disputed_finding_has_exactly_one_dispute_without_answer(self):
        open_ones = sum(dispute.answer is None for dispute in self.finding.disputes)
        assert open_ones == (1 if self.finding.state is FindingState.DISPUTED else 0)

    @invariant()
    def every_rejection_has_its_reason(self):
        assert all(a.reason for a in self.finding.rectifications if a.state is RectificationState.REJECTED)


TestFindingLife = FindingLife.TestCase


def test_a_confirmed_finding_is_closed_for_good():
    confirmed = a_finding().visited(True)
    assert confirmed.state is FindingState.CONFIRMED
    for change in (lambda f: f.visited(False), lambda f: f.submitted(an_answer()), lambda f: f.accepted(None)):
        with pytest.raises(InspectionError) as refused:
            change(confirmed)
        assert refused.value.code == "finding_closed"


def test_a_visit_that_finds_it_unfixed_opens_an_accepted_finding_again():
    accepted = a_finding().submitted(an_answer()).accepted(None)
    assert accepted.visited(False).state is FindingState.OPEN


def test_a_disputed_finding_is_answered_before_a_visit_settles_it():
    disputed = a_finding().disputed(Dispute("d", "不同意", NOW))
    with pytest.raises(InspectionError, match="state_conflict"):
        disputed.visited(True)
