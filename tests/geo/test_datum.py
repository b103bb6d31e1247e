from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo import Datum, Position, convert, distance_m

pytestmark = pytest.mark.unit

in_china = st.builds(Position, st.floats(18.0, 53.0), st.floats(73.5, 135.0))
anywhere = st.builds(Position, st.floats(-89.0, 89.0), st.floats(-179.0, 179.0))


def raw_distance_m(a: Position, b: Position) -> float:
    """Between the bare numbers, whatever their datums."""
    return distance_m(Position(a.latitude, a.longitude), Position(b.latitude, b.longitude))


@pytest.mark.parametrize(
    ("wgs84", "gcj02", "bd09"),
    [
        # published test points of the open conversion libraries: Shanghai, Shenzhen, Beijing
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215), None),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363), None),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657), None),
        ((39.9, 116.4), (39.9014035, 116.4062428), (39.9077338, 116.4126280)),
    ],
)
def test_known_places_convert_to_known_coordinates(wgs84, gcj02, bd09):
    start = Position(*wgs84)
    assert raw_distance_m(convert(start, Datum.GCJ02), Position(*gcj02)) < 0.5
    if bd09 is not None:
        assert raw_distance_m(convert(start, Datum.BD09), Position(*bd09)) < 0.5


@given(in_china, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_a_position_comes_back_to_a_millimetre(position, datum):
    back = convert(convert(position, datum), Datum.WGS84)
    assert raw_distance_m(position, back) < 0.001


@given(in_china)
def test_gcj02_and_bd09_convert_into_each_other(position):
    gcj02 = convert(position, Datum.GCJ02)
    assert raw_distance_m(convert(convert(gcj02, Datum.BD09), Datum.GCJ02), gcj02) < 0.001


@given(in_china)
def test_the_shift_is_between_ten_metres_and_a_kilometre(position):
    assert 10 < raw_distance_m(position, convert(position, Datum.GCJ02)) < 1000


@given(in_china, st.sampled_from([Datum.GCJ02, Datum.BD09]))
def test_distance_is_between_places_not_between_numbers(position, datum):
    assert distance_m(position, convert(position, datum)) < 0.001


def test_outside_of_the_shifted_area_gcj02_is_wgs84():
    paris = Position(48.8566, 2.3522)
    assert raw_distance_m(paris, convert(paris, Datum.GCJ02)) == 0


def test_nothing_becomes_unverified():
    with pytest.raises(ValueError, match="unverified"):
        convert(Position(30.0, 120.0), Datum.UNVERIFIED)


def test_an_unverified_position_is_read_as_wgs84():
    assert distance_m(Position(30.0, 120.0, Datum.UNVERIFIED), Position(30.0, 120.0)) == 0


@given(anywhere, anywhere)
def test_distance_is_symmetric_and_not_negative(a, b):
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert distance_m(a, b) >= 0
