"""Findings 整改意见: raised, answered or disputed, accepted or rejected, confirmed on site."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from inspection.domain.errors import InspectionError, conflict, not_found


class Severity(StrEnum):
    """How grave a finding is."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class FindingState(StrEnum):
    """`ACCEPTED` also where a dispute was upheld against the office; `CONFIRMED` is final."""

    OPEN = "open"
    SUBMITTED = "submitted"
    DISPUTED = "disputed"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"


class RectificationState(StrEnum):
    """What became of one answer."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rectification:
    """One answer of the applicant: words, and a photo (`file` below the evidence folder) or a new session."""

    id: str
    text: str
    file: str | None
    sha256: str | None
    session_id: str | None
    state: RectificationState
    reason: str | None
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """陈述申辩, answered by a named officer; `upheld` says that the finding stands."""

    id: str
    text: str
    raised_at: datetime
    answer: str | None = None
    upheld: bool | None = None
    answered_by: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One non-conformity with everything that was said about it."""

    id: str
    inspection_id: str
    session_id: str | None
    still_id: str | None
    text: str
    severity: Severity
    clause: str
    due_date: date
    state: FindingState
    raised_by: str
    raised_at: datetime
    rectifications: tuple[Rectification, ...] = ()
    disputes: tuple[Dispute, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Nothing is asked of the applicant any more."""
        return self.state in (FindingState.ACCEPTED, FindingState.CONFIRMED)

    def submitted(self, rectification: Rectification) -> Finding:
        """An answer to an open finding."""
        self._require(FindingState.OPEN)
        return replace(self, state=FindingState.SUBMITTED, rectifications=(*self.rectifications, rectification))

    def accepted(self, reason: str | None) -> Finding:
        """The last answer is good."""
        self._require(FindingState.SUBMITTED)
        return self._judged(FindingState.ACCEPTED, RectificationState.ACCEPTED, reason)

    def rejected(self, reason: str) -> Finding:
        """The last answer is not enough; the finding is open again."""
        self._require(FindingState.SUBMITTED)
        return self._judged(FindingState.OPEN, RectificationState.REJECTED, reason)

    def disputed(self, dispute: Dispute) -> Finding:
        """The applicant disagrees."""
        self._require(FindingState.OPEN)
        return replace(self, state=FindingState.DISPUTED, disputes=(*self.disputes, dispute))

    def answered(self, text: str, upheld: bool, answered_by: str) -> Finding:
        """A named officer answers: the finding stands (open again) or falls (settled)."""
        self._require(FindingState.DISPUTED)
        last = replace(self.disputes[-1], answer=text, upheld=upheld, answered_by=answered_by)
        state = FindingState.OPEN if upheld else FindingState.ACCEPTED
        return replace(self, state=state, disputes=(*self.disputes[:-1], last))

    def visited(self, confirmed: bool) -> Finding:
        """What a visit on site found: confirmed for good, or open again."""
        if self.state is FindingState.DISPUTED:
            raise conflict("state_conflict", "a disputed finding is answered first")
        if self.state is FindingState.CONFIRMED:
            raise self._closed()
        return replace(self, state=FindingState.CONFIRMED if confirmed else FindingState.OPEN)

    def get_rectification(self, rectification_id: str) -> Rectification:
        """The answer of that id."""
        for held in self.rectifications:
            if held.id == rectification_id:
                return held
        raise not_found("rectification")

    def _judged(self, state: FindingState, verdict: RectificationState, reason: str | None) -> Finding:
        last = replace(self.rectifications[-1], state=verdict, reason=reason)
        return replace(self, state=state, rectifications=(*self.rectifications[:-1], last))

    def _require(self, state: FindingState) -> None:
        if self.is_settled:
            raise self._closed()
        if self.state is not state:
            raise conflict("state_conflict", f"the finding is {self.state}, not {state}")

    def _closed(self) -> InspectionError:
        return conflict("finding_closed", f"the finding is {self.state}")
