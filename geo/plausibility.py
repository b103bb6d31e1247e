"""What speaks against a fix. Doubts are recorded beside it and shown to a person; they refuse nothing."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from geo.distance import distance_m
from geo.position import Datum, Fix

COARSE_M = 1000.0
FUTURE_S = 10.0
STALE_S = 120.0
FASTEST_M_S = 100.0


class Doubt(StrEnum):
    """One reason to doubt a fix."""

    TOO_COARSE = "too_coarse"
    FROM_FUTURE = "from_future"
    STALE = "stale"
    IMPOSSIBLE_SPEED = "impossible_speed"
    DATUM_UNVERIFIED = "datum_unverified"


def judge(previous: Fix | None, fix: Fix, now: datetime) -> tuple[Doubt, ...]:
    """All doubts, in the order of `Doubt`. `previous` is the last fix of the same device, `now` our clock."""
    age_s = (now - fix.taken_at).total_seconds()
    found = {
        Doubt.TOO_COARSE: fix.accuracy_m > COARSE_M,
        Doubt.FROM_FUTURE: age_s < -FUTURE_S,
        Doubt.STALE: age_s > STALE_S,
        Doubt.IMPOSSIBLE_SPEED: previous is not None and _speed_m_s(previous, fix) > FASTEST_M_S,
        Doubt.DATUM_UNVERIFIED: fix.position.datum is Datum.UNVERIFIED,
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def _speed_m_s(previous: Fix, fix: Fix) -> float:
    """The least speed that explains both fixes: between the near edges of their accuracy circles."""
    apart_m = distance_m(previous.position, fix.position) - previous.accuracy_m - fix.accuracy_m
    elapsed_s = abs((fix.taken_at - previous.taken_at).total_seconds())
    return max(0.0, apart_m) / max(elapsed_s, 1.0)
