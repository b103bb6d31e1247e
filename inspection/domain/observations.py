"""What was seen and where: check marks, stills, reported places, visits on site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from geo import Containment, Doubt, Fix
from inspection.domain.errors import field_invalid


class Seen(StrEnum):
    """已看清 / 未看清 / 未拍到."""

    SEEN = "seen"
    UNCLEAR = "unclear"
    NOT_SHOWN = "not_shown"


class CheckResult(StrEnum):
    """What the inspector makes of a check item."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "na"


class StillReason(StrEnum):
    """Why a still was taken."""

    MANUAL = "manual"
    START = "start"
    SIGNBOARD = "signboard"
    CHECK_ITEM = "check_item"
    MOVED = "moved"
    CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class CheckMark:
    """The mark of one check item in one session; a later mark replaces it, the ledger keeps both."""

    session_id: str
    item_id: str
    seen: Seen
    result: CheckResult
    note: str
    still_ids: tuple[str, ...]
    marked_by: str
    marked_at: datetime

    def require_sense(self) -> None:
        """A pass is only for what was seen."""
        if self.result is CheckResult.PASS and self.seen is not Seen.SEEN:
            raise field_invalid("result", "only an item that was seen can pass")


@dataclass(frozen=True, slots=True)
class Still:
    """A captured frame; `file` is below the inspection's evidence folder, `lookup` is no credential."""

    id: str
    inspection_id: str
    session_id: str
    track_id: str
    reason: StillReason
    item_id: str | None
    lookup: str
    file: str
    jpeg_sha256: str
    frame_index: int
    arrival_at: datetime
    containment: Containment | None


@dataclass(frozen=True, slots=True)
class Place:
    """What the phone last said about where it is: a fix, or `no_fix_cause`. `fix` is kept for plausibility."""

    session_id: str
    fix: Fix | None
    containment: Containment | None
    doubts: tuple[Doubt, ...]
    no_fix_cause: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class VisitItem:
    """One thing that was confirmed on site, or not: a finding or a check item."""

    finding_id: str | None
    item_id: str | None
    confirmed: bool
    note: str


@dataclass(frozen=True, slots=True)
class SiteVisit:
    """A visit to the premises."""

    id: str
    inspection_id: str
    visited_at: datetime
    visitors: tuple[str, ...]
    items: tuple[VisitItem, ...]
    recorded_by: str
    recorded_at: datetime
