"""How much of the filmed picture a shown one still has: SSIM of the luma (Wang et al. 2004) against the clip."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from tests.faults.marked_clip import Picture

SHARP = 0.95
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
WINDOW, SIGMA = (11, 11), 1.5


@dataclass(frozen=True)
class Seen:
    """A picture as the viewer's page showed it (unix ms)."""

    at_ms: float
    number: int
    jpeg_base64: str


def ssim(shown: Picture, filmed: Picture) -> float:
    """1 is the same. A smaller shown picture is scaled up first, as a screen does."""
    if shown.shape != filmed.shape:
        shown = np.asarray(cv2.resize(shown, filmed.shape[1::-1], interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    a, b = (cv2.cvtColor(one, cv2.COLOR_BGR2GRAY).astype(np.float32) for one in (shown, filmed))
    mean_a, mean_b = _blur(a), _blur(b)
    var_a, var_b = _blur(a * a) - mean_a**2, _blur(b * b) - mean_b**2
    both = _blur(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + C1) * (2 * both + C2)
    return float((top / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))).mean())


def _blur(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, WINDOW, SIGMA), dtype=np.float32)


def quality_of(seen: list[Seen], clip: list[Picture]) -> list[tuple[float, float]]:
    """(unix ms, SSIM) of each different frame."""
    found, last = [], -1
    for one in seen:
        if one.number != last and one.number < len(clip):
            last = one.number
            jpeg = np.frombuffer(base64.b64decode(one.jpeg_base64), dtype=np.uint8)
            shown = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
            found.append((one.at_ms, ssim(np.asarray(shown, dtype=np.uint8), clip[one.number])))
    return found


def sharp_seconds(values: list[tuple[float, float]], started_ms: float, seconds: int) -> int:
    """In how many of the seconds after the start there was at least one sharp frame."""
    return len({int((at - started_ms) // 1000) for at, value in values if value >= SHARP} & set(range(seconds)))
