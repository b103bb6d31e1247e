"""Distances on the ellipsoid."""

from __future__ import annotations

from geopy.distance import geodesic

from geo.datum import to_wgs84
from geo.position import Position


def distance_m(a: Position, b: Position) -> float:
    """The geodesic on WGS-84 in metres; other datums are converted first."""
    start, end = to_wgs84(a), to_wgs84(b)
    return float(geodesic((start.latitude, start.longitude), (end.latitude, end.longitude)).meters)
