from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from geopy.distance import geodesic
from hypothesis import assume, given
from hypothesis import strategies as st

from geo import Circle, Containment, Datum, Fix, GeoError, Polygon, Position, convert, distance_m

pytestmark = pytest.mark.unit

AT = datetime(2026, 5, 6, tzinfo=UTC)
HOME = Position(26.0745, 119.2965)


def fix_at(position: Position, accuracy_m: float = 10.0) -> Fix:
    return Fix(position, accuracy_m, AT, AT, "gps")


def away(position: Position, bearing: float, metres: float) -> Position:
    reached = geodesic(meters=metres).destination((position.latitude, position.longitude), bearing)
    return Position(reached.latitude, reached.longitude)


def ring(center: Position, radius_m: float, corners: int) -> Polygon:
    return Polygon(tuple(away(center, 360 / corners * corner, radius_m) for corner in range(corners)))


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "expected"),
    [
        (0, 79, Containment.INSIDE),
        (0, 81, Containment.UNCERTAIN),
        (70, 5, Containment.INSIDE),
        (75, 10, Containment.UNCERTAIN),
        (85, 10, Containment.UNCERTAIN),
        (100, 10, Containment.OUTSIDE),
        (100, 3000, Containment.UNCERTAIN),
        (5000, 3000, Containment.OUTSIDE),
    ],
)
def test_the_whole_accuracy_circle_decides(metres, accuracy_m, expected):
    fix = fix_at(away(HOME, 77, metres), accuracy_m)
    assert Circle(HOME, 80.0).contains(fix) is expected
    assert ring(HOME, 80.0, 180).contains(fix) is expected


@given(
    st.floats(-60, 60),
    st.floats(-180, 180),
    st.floats(0, 360),
    st.floats(1, 2000),
    st.floats(10, 1000),
    st.floats(0, 500),
)
def test_a_circle_agrees_with_the_distance(latitude, longitude, bearing, metres, radius_m, accuracy_m):
    center = Position(latitude, longitude)
    fix = fix_at(away(center, bearing, metres), accuracy_m)
    away_m = distance_m(center, fix.position)
    found = Circle(center, radius_m).contains(fix)
    assert (found is Containment.INSIDE) == (away_m + accuracy_m <= radius_m)
    assert (found is Containment.OUTSIDE) == (away_m - accuracy_m > radius_m)


@given(st.floats(-60, 60), st.floats(-180, 180), st.floats(0, 360), st.floats(0, 3000), st.floats(50, 2000))
def test_a_polygon_of_many_corners_agrees_with_its_circle(latitude, longitude, bearing, metres, radius_m):
    center = Position(latitude, longitude)
    assume(abs(metres - radius_m) > radius_m * 0.005 + 0.5)
    fix = fix_at(away(center, bearing, metres), 0.0)
    assert ring(center, radius_m, 90).contains(fix) is Circle(center, radius_m).contains(fix)


@given(st.floats(0, 360), st.floats(0, 400), st.floats(0, 300), st.floats(0, 300))
def test_a_less_accurate_fix_never_becomes_certain_of_the_opposite(bearing, metres, one_m, other_m):
    position = away(HOME, bearing, metres)
    found = {ring(HOME, 150.0, 5).contains(fix_at(position, accuracy_m)) for accuracy_m in (one_m, other_m)}
    assert found != {Containment.INSIDE, Containment.OUTSIDE}


@given(st.permutations(range(5)), st.booleans(), st.integers(0, 4))
def test_where_a_ring_starts_and_which_way_it_turns_does_not_matter(order, backwards, start):
    points = ring(HOME, 200.0, 5).points
    turned = points[start:] + points[:start]
    other = Polygon(tuple(reversed(turned)) if backwards else turned)
    for bearing in order:
        fix = fix_at(away(HOME, bearing * 70, 150 + 20 * bearing), 5.0)
        assert other.contains(fix) is Polygon(points).contains(fix)


def test_a_notch_of_a_polygon_is_outside():
    east = [away(away(HOME, 0, north), 90, east) for north, east in ((0, 0), (0, 100), (100, 100), (50, 50), (100, 0))]
    yard = Polygon(tuple(east))
    assert yard.contains(fix_at(away(away(HOME, 0, 90), 90, 50), 1.0)) is Containment.OUTSIDE
    assert yard.contains(fix_at(away(away(HOME, 0, 20), 90, 50), 1.0)) is Containment.INSIDE


def test_a_fence_may_lie_across_the_date_line():
    corners = ((10.0, 179.99), (10.0, -179.99), (10.02, -179.99), (10.02, 179.99))
    fence = Polygon(tuple(Position(*corner) for corner in corners))
    assert fence.contains(fix_at(Position(10.01, -179.999))) is Containment.INSIDE
    assert fence.contains(fix_at(Position(10.01, 179.9))) is Containment.OUTSIDE


def test_a_fix_in_another_datum_is_converted_first():
    assert Circle(HOME, 80.0).contains(fix_at(convert(HOME, Datum.GCJ02))) is Containment.INSIDE
    shifted = Position(HOME.latitude, HOME.longitude, Datum.GCJ02)
    assert Circle(HOME, 80.0).contains(fix_at(shifted)) is Containment.OUTSIDE


def test_an_unverified_datum_is_uncertain_unless_every_reading_agrees():
    unverified = Position(HOME.latitude, HOME.longitude, Datum.UNVERIFIED)
    assert Circle(HOME, 80.0).contains(fix_at(unverified)) is Containment.UNCERTAIN
    assert Circle(HOME, 5000.0).contains(fix_at(unverified)) is Containment.INSIDE
    far = Position(HOME.latitude + 1, HOME.longitude, Datum.UNVERIFIED)
    assert Circle(HOME, 80.0).contains(fix_at(far)) is Containment.OUTSIDE


@pytest.mark.parametrize("radius_m", [0.0, -1.0, math.nan, math.inf])
def test_a_circle_without_a_radius_is_refused(radius_m):
    with pytest.raises(GeoError):
        Circle(HOME, radius_m)


def test_a_polygon_without_an_area_is_refused():
    with pytest.raises(GeoError):
        Polygon((HOME, away(HOME, 0, 10)))
    with pytest.raises(GeoError):
        Polygon((HOME, HOME, HOME, HOME))
