from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from tests.faults.figures import Mark, Sample, ages_ms, first_newer, freezes, longest_still_s, quantile, summary
from tests.faults.marked_clip import draw_mark, marked_frames, read_mark
from tests.faults.sharpness import SHARP, Seen, quality_of, sharp_seconds, ssim

pytestmark = pytest.mark.unit


def reading(at_ms: float, freeze_count: int = 0, frozen_s: float = 0.0, ssrc: int = 1, frames: int = 0) -> Sample:
    video = {
        "type": "inbound-rtp",
        "kind": "video",
        "peer": 0,
        "ssrc": ssrc,
        "freezeCount": freeze_count,
        "totalFreezesDuration": frozen_s,
        "framesDecoded": frames,
    }
    return Sample(at_ms, [], [video])


def test_freezes_are_told_apart_by_the_readings_around_them() -> None:
    found = freezes([reading(0), reading(500, 1, 0.4), reading(1000, 1, 0.4), reading(1500, 3, 1.4)])
    assert [round(freeze.seconds, 2) for freeze in found] == [0.4, 0.5, 0.5]
    assert [freeze.at_ms for freeze in found] == [500, 1500, 1500]


def test_counters_of_a_new_connection_are_no_freezes() -> None:
    assert freezes([reading(0, 5, 9.0), reading(500, 7, 20.0, ssrc=2)]) == []


def test_a_summary_has_rates_per_minute() -> None:
    figures = summary([reading(0), reading(30_000, 2, 1.0, frames=450)], [], [Mark(0, 1), Mark(400, 2)])
    assert (figures["freezes_per_minute"], figures["frames_per_s"], figures["longest_still_s"]) == (4, 15, 0.4)


def test_a_frame_is_as_old_as_its_latest_showing_at_the_source() -> None:
    filmed = [Mark(0, 1), Mark(66, 2), Mark(8000, 1)]
    assert ages_ms(filmed, [Mark(100, 1), Mark(200, 2), Mark(8100, 1), Mark(8200, None)]) == [
        (100, 100),
        (200, 134),
        (8100, 100),
    ]


def test_back_means_a_frame_filmed_after_the_outage() -> None:
    filmed = [Mark(number * 66.0, number) for number in range(100)]
    shown = [Mark(3000, 40), Mark(3500, 45), Mark(3600, 52)]
    assert first_newer(filmed, shown, than_ms=3300) == 3600
    assert first_newer(filmed, shown, than_ms=3500) is None


def test_stills_and_quantiles() -> None:
    assert longest_still_s([Mark(0, 1), Mark(66, 2), Mark(1066, 3)]) == 1.0
    assert quantile([5, 1, 3], 0.5) == 3 and quantile(range(20), 0.95) == 19 and quantile([], 0.5) == 0


def test_a_mark_is_read_back_from_a_poor_picture_and_refused_from_none() -> None:
    picture = np.full((720, 1280, 3), 128, dtype=np.uint8)
    assert read_mark(picture) is None
    draw_mark(picture, 677)
    ok, poor = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 5])
    assert ok and read_mark(np.asarray(cv2.imdecode(poor, cv2.IMREAD_COLOR), dtype=np.uint8)) == 677


def test_sharpness_tells_the_filmed_picture_from_a_blurred_one() -> None:
    clip = marked_frames(seconds=1)
    assert [read_mark(frame) for frame in clip] == list(range(15))
    blurred = np.asarray(cv2.GaussianBlur(clip[3], (9, 9), 3), dtype=np.uint8)
    assert ssim(clip[3], clip[3]) == pytest.approx(1) and ssim(blurred, clip[3]) < SHARP
    values = quality_of([_seen(100, 2, clip[2]), _seen(1200, 3, blurred), _seen(1900, 3, clip[3])], clip)
    assert [at for at, _ in values] == [100, 1200] and sharp_seconds(values, 0, 2) == 1


def _seen(at_ms: float, number: int, picture: np.ndarray) -> Seen:
    ok, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 100])
    assert ok
    return Seen(at_ms, number, base64.b64encode(jpeg.tobytes()).decode())
