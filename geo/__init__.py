"""Positions, fixes, fences, datum conversion and plausibility. Knows nothing of inspections or media."""

from __future__ import annotations

from geo.datum import convert
from geo.distance import distance_m
from geo.fence import Circle, Containment, Fence, Polygon
from geo.plausibility import Doubt, judge
from geo.position import Datum, Fix, GeoError, NoFix, NoFixCause, Position

__all__ = [
    "Circle",
    "Containment",
    "Datum",
    "Doubt",
    "Fence",
    "Fix",
    "GeoError",
    "NoFix",
    "NoFixCause",
    "Polygon",
    "Position",
    "convert",
    "distance_m",
    "judge",
]
