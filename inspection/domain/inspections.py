"""The inspection: the case that lives for days, and the state it is in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from geo import Circle, Polygon, Position
from inspection.domain.actor import Actor, Level, Role


class IdKind(StrEnum):
    """Which number the applicant gave."""

    USCC = "uscc"
    RESIDENT_ID = "resident_id"


class InspectionState(StrEnum):
    """Where the case stands, as lists show it."""

    OPENED = "opened"
    INVITED = "invited"
    IN_SESSION = "in_session"
    RECTIFYING = "rectifying"
    UNDER_REVIEW = "under_review"
    ON_SITE_REQUIRED = "on_site_required"
    CONCLUDED = "concluded"


class OpinionKind(StrEnum):
    """核查意见: the office's internal opinion, never the decision on the licence."""

    FIT = "fit"
    NOT_FIT = "not_fit"
    PARTLY_ON_SITE = "partly_on_site"


@dataclass(frozen=True, slots=True)
class Premises:
    """Where to look: the fence is the area in which a reported position counts as inside."""

    name: str
    address: str
    position: Position | None
    fence: Circle | Polygon | None


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies. `id` is ours; the number and the phone leave the store masked only."""

    id: str
    name: str
    id_kind: IdKind
    id_number: str = field(repr=False)
    id_masked: str
    phone: str = field(repr=False)
    phone_masked: str

    def as_actor(self, level: Level = Level.PHONE) -> Actor:
        """The applicant as entries name them."""
        return Actor(Role.APPLICANT, self.id, self.name, level)


@dataclass(frozen=True, slots=True)
class Opinion:
    """The opinion, who gave it and when."""

    opinion: OpinionKind
    text: str
    given_by: str
    given_by_name: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Inspection:
    """One case. `inspector_ids` holds the one who opened it first, then the second inspector if any."""

    id: str
    number: str
    item_id: str
    item_name: str
    premises: Premises
    applicant: Applicant
    inspector_ids: tuple[str, ...]
    state: InspectionState
    opened_at: datetime
    opinion: Opinion | None = None

    def in_state(self, state: InspectionState) -> Inspection:
        """A copy in another state."""
        return replace(self, state=state)

    def admits(self, actor: Actor) -> bool:
        """Whether the actor may see this inspection at all."""
        if actor.role is Role.APPLICANT:
            return actor.id == self.applicant.id
        if actor.role is Role.INSPECTOR:
            return actor.id in self.inspector_ids
        return actor.role in (Role.AUDITOR, Role.SYSTEM)
