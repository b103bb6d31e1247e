"""Time and place in a still's EXIF, read back by another library."""

from __future__ import annotations

import io
from fractions import Fraction

import cv2
import numpy as np
import pytest
from PIL import Image

from media.stamp_exif import GpsPosition, exif_segment, with_segment

pytestmark = pytest.mark.unit

ARRIVAL_US = 1_777_000_000_123_456
JPEG = cv2.imencode(".jpg", np.zeros((32, 32, 3), np.uint8))[1].tobytes()
EXIF_IFD, GPS_IFD = 0x8769, 0x8825


def read(segment: bytes) -> Image.Exif:
    with Image.open(io.BytesIO(with_segment(JPEG, segment))) as image:
        image.load()
        return image.getexif()


def degrees(parts: tuple[Fraction, Fraction, Fraction]) -> float:
    whole, minutes, seconds = (float(part) for part in parts)
    return whole + minutes / 60 + seconds / 3600


def test_the_time_is_that_of_the_frame_in_the_offices_zone() -> None:
    exif = read(exif_segment(ARRIVAL_US, 8 * 3600, None))
    taken = exif.get_ifd(EXIF_IFD)
    assert (taken[0x9003], taken[0x9011], taken[0x9291]) == ("2026:04:24 11:06:40", "+08:00", "123")
    assert exif[0x0132] == "2026:04:24 11:06:40"
    assert GPS_IFD not in exif
    behind = read(exif_segment(ARRIVAL_US, -9000, None)).get_ifd(EXIF_IFD)
    assert (behind[0x9003], behind[0x9011]) == ("2026:04:24 00:36:40", "-02:30")


@pytest.mark.parametrize(
    ("latitude_e7", "longitude_e7"),
    [(302_741_512, 1_201_551_534), (-1, -1), (0, 0), (900_000_000, -1_800_000_000), (-337_654_321, 1_799_999_999)],
)
def test_a_position_comes_back_with_its_datum_and_accuracy(latitude_e7: int, longitude_e7: int) -> None:
    gps = read(exif_segment(ARRIVAL_US, 0, GpsPosition(latitude_e7, longitude_e7, 1250, 1_777_000_000_250)))
    said = gps.get_ifd(GPS_IFD)
    assert said[0x12] == "WGS-84" and float(said[0x1F]) == 12.5
    signs = (1 if said[1] == "N" else -1, 1 if said[3] == "E" else -1)
    assert degrees(said[2]) * signs[0] == pytest.approx(latitude_e7 / 1e7, abs=6e-9)
    assert degrees(said[4]) * signs[1] == pytest.approx(longitude_e7 / 1e7, abs=6e-9)
    assert said[0x1D] == "2026:04:24" and [float(part) for part in said[7]] == [3, 6, 40.25]


def test_the_picture_is_not_touched() -> None:
    stamped = with_segment(JPEG, exif_segment(ARRIVAL_US, 0, None))
    assert np.array_equal(
        cv2.imdecode(np.frombuffer(stamped, np.uint8), cv2.IMREAD_COLOR),
        cv2.imdecode(np.frombuffer(JPEG, np.uint8), cv2.IMREAD_COLOR),
    )
    with pytest.raises(ValueError, match="JFIF"):
        with_segment(b"\xff\xd8\xff\xdb", b"")
