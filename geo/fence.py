"""Fences: the area in which a reported position counts as inside. The whole accuracy circle decides."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from geo.datum import to_wgs84
from geo.distance import distance_m
from geo.position import Datum, Fix, GeoError, Position

_EQUATOR_M = 6378137.0  # WGS-84
_ECCENTRICITY_SQUARED = 6.69437999014e-3
_LEAST_AREA_M2 = 1e-3
_LARGEST_RADIUS_M = 1e6
_READINGS = (Datum.WGS84, Datum.GCJ02, Datum.BD09)


class Containment(StrEnum):
    """INSIDE or OUTSIDE only where the whole accuracy circle is; UNCERTAIN where it touches the border."""

    INSIDE = "INSIDE"
    OUTSIDE = "OUTSIDE"
    UNCERTAIN = "UNCERTAIN"


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within `radius_m` of the centre. Raises GeoError unless 0 < radius ≤ 1000 km."""

    center: Position
    radius_m: float

    def __post_init__(self) -> None:
        if not 0 < self.radius_m <= _LARGEST_RADIUS_M:
            raise GeoError("radius_m must be above 0, and at most 1000 km")

    def contains(self, fix: Fix) -> Containment:
        """Whether the fix is in the circle, given its accuracy."""
        return _by_readings(self, fix)

    def margin_m(self, position: Position) -> float:
        """How far inside of the border the position is; negative outside."""
        return self.radius_m - distance_m(self.center, position)


@dataclass(frozen=True, slots=True)
class Polygon:
    """The area within a ring of points (not closed, even-odd). Raises GeoError unless it has an area.

    Sides are straight in a plane laid at the fix: exact enough (0.1 %) for grounds up to some 50 km.
    """

    points: tuple[Position, ...]

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise GeoError("a polygon needs three points")
        pairs = zip(self.points, self.points[1:], strict=False)
        if not any(_twice_area(self.points[0], a, b) > _LEAST_AREA_M2 for a, b in pairs):
            raise GeoError("a polygon needs an area")

    def contains(self, fix: Fix) -> Containment:
        """Whether the fix is in the polygon, given its accuracy."""
        return _by_readings(self, fix)

    def margin_m(self, position: Position) -> float:
        """How far inside of the border the position is; negative outside."""
        ring = [_plane_m(position, point) for point in self.points]
        sides = list(zip(ring, ring[1:] + ring[:1], strict=True))
        border_m = min(_origin_to_side_m(a, b) for a, b in sides)
        crossings = sum(_ray_crosses(a, b) for a, b in sides)
        return border_m if crossings % 2 else -border_m


Fence = Circle | Polygon


def _by_readings(fence: Fence, fix: Fix) -> Containment:
    """An unverified datum is read every way it may be meant; unless all agree, nobody knows."""
    if fix.position.datum is not Datum.UNVERIFIED:
        return _contains(fence, fix.position, fix.accuracy_m)
    found = {_contains(fence, replace(fix.position, datum=datum), fix.accuracy_m) for datum in _READINGS}
    return found.pop() if len(found) == 1 else Containment.UNCERTAIN


def _contains(fence: Fence, position: Position, accuracy_m: float) -> Containment:
    margin_m = fence.margin_m(position)
    if margin_m >= accuracy_m:
        return Containment.INSIDE
    return Containment.OUTSIDE if margin_m < -accuracy_m else Containment.UNCERTAIN


Point = tuple[float, float]


def _plane_m(origin: Position, position: Position) -> Point:
    """East and north of `origin` in metres, by the radii of curvature at its latitude."""
    start, end = to_wgs84(origin), to_wgs84(position)
    latitude = math.radians(start.latitude)
    bend = 1.0 - _ECCENTRICITY_SQUARED * math.sin(latitude) ** 2
    meridian_m = _EQUATOR_M * (1.0 - _ECCENTRICITY_SQUARED) / bend**1.5
    vertical_m = _EQUATOR_M / math.sqrt(bend)
    turned = (end.longitude - start.longitude + 180.0) % 360.0 - 180.0
    east_m = math.radians(turned) * vertical_m * math.cos(latitude)
    return east_m, math.radians(end.latitude - start.latitude) * meridian_m


def _twice_area(origin: Position, a: Position, b: Position) -> float:
    ax, ay = _plane_m(origin, a)
    bx, by = _plane_m(origin, b)
    return abs(ax * by - ay * bx)


def _origin_to_side_m(a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    length_squared = dx * dx + dy * dy
    along = 0.0 if length_squared == 0 else max(0.0, min(1.0, -(a[0] * dx + a[1] * dy) / length_squared))
    return math.hypot(a[0] + along * dx, a[1] + along * dy)


def _ray_crosses(a: Point, b: Point) -> bool:
    """Whether the side crosses the ray from the origin to the east."""
    if (a[1] > 0) == (b[1] > 0):
        return False
    return a[0] + (b[0] - a[0]) * (-a[1]) / (b[1] - a[1]) > 0
