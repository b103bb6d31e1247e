"""Positions and measurements of them. A datum is part of every position."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

_MAX_ACCURACY_M = 20_000_000.0


class GeoError(ValueError):
    """Not a number, or outside of the range of what a position can be. `code` is stable."""

    code = "fix_invalid"


class Datum(StrEnum):
    """The coordinate system. UNVERIFIED: said by an in-app browser that may have shifted it; read as WGS84."""

    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"
    UNVERIFIED = "UNVERIFIED"


@dataclass(frozen=True, slots=True)
class Position:
    """A bare coordinate in degrees. Raises GeoError unless finite, |latitude| ≤ 90 and |longitude| ≤ 180."""

    latitude: float
    longitude: float
    datum: Datum = Datum.WGS84

    def __post_init__(self) -> None:
        _require_within(self.latitude, -90.0, 90.0, "latitude")
        _require_within(self.longitude, -180.0, 180.0, "longitude")


@dataclass(frozen=True, slots=True)
class Fix:
    """A measurement: where, within `accuracy_m` (radius, 95 % as browsers say), when by the device and by us."""

    position: Position
    accuracy_m: float
    taken_at: datetime
    received_at: datetime
    source: str

    def __post_init__(self) -> None:
        _require_within(self.accuracy_m, 0.0, _MAX_ACCURACY_M, "accuracy_m")


class NoFixCause(StrEnum):
    """Why a device gives no position."""

    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class NoFix:
    """No position, and why."""

    cause: NoFixCause


def _require_within(value: float, low: float, high: float, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise GeoError(f"{what} is no number")
    if not math.isfinite(value) or not low <= value <= high:
        raise GeoError(f"{what} is out of range")
