"""When a still is taken without anybody asking."""

from __future__ import annotations

from dataclasses import dataclass, replace

from geo import Fix, distance_m
from inspection.domain.observations import StillReason
from inspection.domain.templates import SIGNBOARD_ITEM_ID


@dataclass(frozen=True, slots=True)
class VideoStarted:
    """The applicant's video arrives while recording is on."""


@dataclass(frozen=True, slots=True)
class ItemMarked:
    """An inspector marked a check item as seen, or not."""

    item_id: str


@dataclass(frozen=True, slots=True)
class FixReceived:
    """The phone reported a fix; `is_doubtful` when it has any doubt."""

    fix: Fix
    is_doubtful: bool


StillEvent = VideoStarted | ItemMarked | FixReceived


@dataclass(frozen=True, slots=True)
class StillState:
    """What was taken so far in a session. `last_place` is where the phone was at the last still with a fix."""

    moved_m: float = 30.0
    started: bool = False
    last_place: Fix | None = None


def wants_still(event: StillEvent, state: StillState) -> StillReason | None:
    """Start, signboard, each check item, each move of `moved_m`; else None.

    A move counts only beyond what the two accuracies explain, so that a drifting indoor fix takes no pictures.
    """
    if isinstance(event, VideoStarted):
        return None if state.started else StillReason.START
    if isinstance(event, ItemMarked):
        return StillReason.SIGNBOARD if event.item_id == SIGNBOARD_ITEM_ID else StillReason.CHECK_ITEM
    return StillReason.MOVED if _moved(event, state) else None


def after_event(event: StillEvent, state: StillState) -> StillState:
    """The state once the event was answered, with or without a still."""
    if isinstance(event, VideoStarted):
        return replace(state, started=True)
    if isinstance(event, ItemMarked) or event.is_doubtful:
        return state
    if state.last_place is None or _moved(event, state):
        return replace(state, last_place=event.fix)
    return state


def _moved(event: FixReceived, state: StillState) -> bool:
    if event.is_doubtful or state.last_place is None or not state.started:
        return False
    away_m = distance_m(state.last_place.position, event.fix.position)
    explained_m = max(state.last_place.accuracy_m, event.fix.accuracy_m)
    return away_m >= max(state.moved_m, explained_m)
