from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from geo import Datum, Doubt, Fix, GeoError, Position, judge

pytestmark = pytest.mark.unit

NOW = datetime(2026, 5, 6, 1, 30, tzinfo=UTC)
HOME = Position(26.0745, 119.2965)


def fix(position: Position = HOME, accuracy_m: float = 20.0, age_s: float = 0.0) -> Fix:
    return Fix(position, accuracy_m, NOW - timedelta(seconds=age_s), NOW, "gps")


def test_a_plain_fix_raises_no_doubt():
    assert judge(None, fix(), NOW) == ()
    assert judge(fix(age_s=5), fix(), NOW) == ()


def test_accuracy_of_three_kilometres_is_too_coarse():
    assert judge(None, fix(accuracy_m=3000.0), NOW) == (Doubt.TOO_COARSE,)


def test_a_fix_from_the_future_is_doubted():
    assert judge(None, fix(age_s=-60), NOW) == (Doubt.FROM_FUTURE,)
    assert judge(None, fix(age_s=-2), NOW) == ()


def test_an_old_fix_is_stale():
    assert judge(None, fix(age_s=600), NOW) == (Doubt.STALE,)


def test_a_jump_of_500_km_is_an_impossible_speed():
    assert judge(fix(age_s=5), fix(Position(30.6, 119.3)), NOW) == (Doubt.IMPOSSIBLE_SPEED,)


def test_a_jump_within_the_accuracy_circles_is_possible():
    near = Position(HOME.latitude + 0.01, HOME.longitude)  # 1.1 km
    assert judge(fix(age_s=1, accuracy_m=900.0), fix(near, accuracy_m=300.0), NOW) == ()
    assert judge(fix(age_s=1), fix(near), NOW) == (Doubt.IMPOSSIBLE_SPEED,)


def test_two_fixes_of_the_same_instant_do_not_divide_by_zero():
    assert judge(fix(), fix(), NOW) == ()


def test_an_in_app_browsers_datum_is_named():
    unverified = Position(HOME.latitude, HOME.longitude, Datum.UNVERIFIED)
    assert judge(None, fix(unverified), NOW) == (Doubt.DATUM_UNVERIFIED,)


def test_all_doubts_are_told_at_once():
    bad = fix(Position(10.0, 100.0, Datum.UNVERIFIED), accuracy_m=5000.0, age_s=-600)
    assert judge(fix(), bad, NOW) == (
        Doubt.TOO_COARSE,
        Doubt.FROM_FUTURE,
        Doubt.IMPOSSIBLE_SPEED,
        Doubt.DATUM_UNVERIFIED,
    )


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(91, 0), (0, 181), (math.nan, 0), (0, math.inf), ("1", 2), (True, 2)]
)
def test_what_is_no_position_is_refused(latitude, longitude):
    with pytest.raises(GeoError) as refused:
        Position(latitude, longitude)
    assert refused.value.code == "fix_invalid"


@pytest.mark.parametrize("accuracy_m", [-1.0, math.nan, math.inf, None])
def test_what_is_no_accuracy_is_refused(accuracy_m):
    with pytest.raises(GeoError):
        fix(accuracy_m=accuracy_m)
