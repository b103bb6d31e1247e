"""The session: one live call inside an inspection, who is present, and how it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from inspection.domain.actor import Actor, Role
from inspection.domain.errors import conflict


class Nature(StrEnum):
    """What a session legally is; fixed before it starts."""

    GUIDANCE = "guidance"
    VERIFICATION = "verification"
    RECHECK = "recheck"


class SessionState(StrEnum):
    """Waiting until an inspector and the applicant are both there for the first time."""

    WAITING = "waiting"
    LIVE = "live"
    ENDED = "ended"


class EndCause(StrEnum):
    """Completed and signed, stopped by the applicant, ended by an inspector without a conclusion, or left by all."""

    COMPLETED = "completed"
    STOPPED = "stopped"
    UNFINISHED = "unfinished"
    ABANDONED = "abandoned"


class Decision(StrEnum):
    """What a person present did with the summary."""

    SIGNED = "signed"
    DISAGREED = "disagreed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Signature:
    """A decision on the summary; a disagreement has a statement, a refusal its reason."""

    actor_id: str
    name: str
    role: Role
    decision: Decision
    statement: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Participant:
    """A person in a session. `unit` and `badge` are shown to the applicant."""

    id: str
    session_id: str
    actor_id: str
    role: Role
    name: str
    unit: str
    badge: str
    present: bool
    muted: bool
    joined_at: datetime

    def as_present(self, present: bool) -> Participant:
        """A copy that is there, or not."""
        return replace(self, present=present)


@dataclass(frozen=True, slots=True)
class Session:
    """One live call. `number` counts within its inspection, from 1."""

    id: str
    inspection_id: str
    number: int
    nature: Nature
    state: SessionState
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end_cause: EndCause | None = None
    recording: bool = False
    recording_agreed: bool = False
    position_agreed: bool = False
    summary: str | None = None
    signatures: tuple[Signature, ...] = ()

    def require_open(self) -> None:
        """Refuses (`session_not_open`) once the session ended."""
        if self.state is SessionState.ENDED:
            raise conflict("session_not_open", "the session has ended")

    def require_live(self) -> None:
        """Refuses (`session_not_open`) unless the session is live."""
        if self.state is not SessionState.LIVE:
            raise conflict("session_not_open", f"the session is {self.state}")

    def started(self, at: datetime) -> Session:
        """Live from now on."""
        self.require_open()
        return replace(self, state=SessionState.LIVE, started_at=at)

    def ended(self, cause: EndCause, at: datetime) -> Session:
        """Over; the recording sign goes off with it."""
        self.require_open()
        return replace(self, state=SessionState.ENDED, ended_at=at, end_cause=cause, recording=False)

    def agreed(self, *, position: bool) -> Session:
        """The applicant was told and agreed to the recording, and, it may be, to the position."""
        return replace(self, recording_agreed=True, position_agreed=position)

    def require_admission(self, actor: Actor) -> None:
        """Refuses an ended session (`session_not_open`), and an applicant who was not told about this one."""
        self.require_open()
        if actor.role is Role.APPLICANT and not self.recording_agreed:
            raise conflict("not_yet_agreed", "the applicant has not come in by this session's invitation")

    def require_position_agreed(self) -> None:
        """Refuses (`not_yet_agreed`) to keep a position that nobody agreed to give."""
        if not self.position_agreed:
            raise conflict("not_yet_agreed", "the applicant has not agreed to the position")

    def recorded(self, on: bool) -> Session:
        """Recording on (only live and agreed: `not_yet_agreed`) or off."""
        if on:
            self.require_live()
            if not self.recording_agreed:
                raise conflict("not_yet_agreed", "the applicant has not agreed to the recording")
        return replace(self, recording=on)

    def summarised(self, text: str) -> Session:
        """A proposed summary; it may be reworded until the first decision on it."""
        self.require_live()
        if self.signatures:
            raise conflict("state_conflict", "the summary has been signed already")
        return replace(self, summary=text)

    def with_signature(self, signature: Signature) -> Session:
        """One decision a person, on a summary that is there (`summary_missing`)."""
        self.require_live()
        if self.summary is None:
            raise conflict("summary_missing", "no summary has been proposed")
        if any(held.actor_id == signature.actor_id for held in self.signatures):
            raise conflict("state_conflict", "this person has decided already")
        return replace(self, signatures=(*self.signatures, signature))

    def require_conclusion(self, participants: tuple[Participant, ...]) -> None:
        """Refuses to complete while a person present has not decided, or a verification lacks an inspector."""
        if self.summary is None:
            raise conflict("summary_missing", "no summary has been proposed")
        decided = {signature.actor_id for signature in self.signatures}
        if any(person.present and person.actor_id not in decided for person in participants):
            raise conflict("signature_missing", "somebody present has not decided on the summary")
        inspectors = sum(signature.role is Role.INSPECTOR for signature in self.signatures)
        if self.nature is Nature.VERIFICATION and inspectors < 2:
            raise conflict("two_inspectors_required", "a verification is concluded by two inspectors")


def inspectors_present(participants: tuple[Participant, ...]) -> int:
    """How many inspectors are there."""
    return sum(person.present and person.role is Role.INSPECTOR for person in participants)


def is_marked(session: Session, participants: tuple[Participant, ...]) -> bool:
    """Whether these minutes count as 「单人时段,不作核查依据」: a verification with fewer than two inspectors."""
    return session.nature is Nature.VERIFICATION and inspectors_present(participants) < 2


def may_start(session: Session, participants: tuple[Participant, ...]) -> bool:
    """A waiting session starts when the applicant and an inspector are both there."""
    applicant_there = any(person.present and person.role is Role.APPLICANT for person in participants)
    return session.state is SessionState.WAITING and applicant_there and inspectors_present(participants) > 0


def participant_of(actor: Actor, participant_id: str, session_id: str, at: datetime) -> Participant:
    """A person who just came in."""
    return Participant(
        id=participant_id,
        session_id=session_id,
        actor_id=actor.id,
        role=actor.role,
        name=actor.name,
        unit=actor.unit,
        badge=actor.badge,
        present=True,
        muted=False,
        joined_at=at,
    )
