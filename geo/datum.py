"""WGS-84, GCJ-02 (「火星坐标」) and BD-09.

GCJ-02 is not published; the formula used everywhere is the one that became known in 2010. It shifts points in
mainland China by 50 to 700 m along a smooth field. The shift is inverted by fixed-point iteration to well under
a millimetre, so that WGS-84 → GCJ-02 → WGS-84 gives the same point back (but for a strip of some 100 m along the edge
of the shifted rectangle, where the map is not one to one). BD-09 is a further small turn and shift of GCJ-02.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from geo.position import Datum, Position

_SEMI_MAJOR_M = 6378245.0  # Krasovsky 1940
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BD_SHIFT_LATITUDE = 0.006
_BD_SHIFT_LONGITUDE = 0.0065
_BD_FREQUENCY = math.pi * 3000.0 / 180.0
_ITERATIONS = 30
_ENOUGH_DEGREES = 1e-12

Degrees = tuple[float, float]
Forward = Callable[[Degrees], Degrees]


def convert(position: Position, datum: Datum) -> Position:
    """The same place in another datum. UNVERIFIED is read as WGS-84; nothing is converted to it."""
    if position.datum is datum:
        return position
    if datum is Datum.UNVERIFIED:
        raise ValueError("nothing becomes unverified by conversion")
    wgs84 = to_wgs84(position)
    if datum is Datum.WGS84:
        return wgs84
    gcj02 = _shift((wgs84.latitude, wgs84.longitude))
    latitude, longitude = gcj02 if datum is Datum.GCJ02 else _gcj02_to_bd09(gcj02)
    return Position(latitude, longitude, datum)


def to_wgs84(position: Position) -> Position:
    """The same place in WGS-84."""
    point = (position.latitude, position.longitude)
    if position.datum is Datum.BD09:
        point = _invert(_gcj02_to_bd09, point)
    if position.datum in (Datum.GCJ02, Datum.BD09):
        point = _invert(_shift, point)
    return Position(point[0], point[1], Datum.WGS84)


def is_shifted_area(latitude: float, longitude: float) -> bool:
    """The rectangle in which GCJ-02 differs from WGS-84, as map providers apply it."""
    return 0.8293 <= latitude <= 55.8271 and 72.004 <= longitude <= 137.8347


def _shift(point: Degrees) -> Degrees:
    latitude, longitude = point
    if not is_shifted_area(latitude, longitude):
        return point
    x, y = longitude - 105.0, latitude - 35.0
    sine = math.sin(math.radians(latitude))
    magic = 1.0 - _ECCENTRICITY_SQUARED * sine * sine
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_SQUARED) / (magic * math.sqrt(magic))
    parallel_m = _SEMI_MAJOR_M / math.sqrt(magic) * math.cos(math.radians(latitude))
    return (
        latitude + math.degrees(_north_m(x, y) / meridian_m),
        longitude + math.degrees(_east_m(x, y) / parallel_m),
    )


def _north_m(x: float, y: float) -> float:
    return (
        -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * math.sqrt(abs(x))
        + _ripple(x)
        + (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
        + (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    )


def _east_m(x: float, y: float) -> float:
    return (
        300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * math.sqrt(abs(x))
        + _ripple(x)
        + (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
        + (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    )


def _ripple(x: float) -> float:
    return (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0


def _gcj02_to_bd09(point: Degrees) -> Degrees:
    latitude, longitude = point
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * _BD_FREQUENCY)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * _BD_FREQUENCY)
    return (
        radius * math.sin(angle) + _BD_SHIFT_LATITUDE,
        radius * math.cos(angle) + _BD_SHIFT_LONGITUDE,
    )


def _invert(forward: Forward, point: Degrees) -> Degrees:
    """The point that `forward` sends to `point`; the point itself where `forward` does not shift there."""
    latitude, longitude = point
    for _ in range(_ITERATIONS):
        reached = forward((latitude, longitude))
        error = (reached[0] - point[0], reached[1] - point[1])
        latitude, longitude = latitude - error[0], longitude - error[1]
        if max(abs(error[0]), abs(error[1])) < _ENOUGH_DEGREES:
            break
    return latitude, longitude
