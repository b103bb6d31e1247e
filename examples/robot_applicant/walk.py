"""Where the robot is: a pure walk around the premises, and its position as a phone would report it."""

from __future__ import annotations

import math
from dataclasses import dataclass

METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class Walk:
    """A loop around (latitude, longitude); one round of `radius_m` takes `round_s` seconds."""

    latitude: float
    longitude: float
    radius_m: float = 25.0
    round_s: float = 60.0

    def at(self, elapsed_s: float) -> dict[str, float]:
        """Latitude, longitude (degrees, WGS-84) and accuracy in metres after `elapsed_s` of walking."""
        angle = 2 * math.pi * elapsed_s / self.round_s
        north_m = self.radius_m * math.sin(angle)
        east_m = self.radius_m * math.cos(angle)
        return {
            "latitude": self.latitude + north_m / METRES_PER_DEGREE,
            "longitude": self.longitude + east_m / (METRES_PER_DEGREE * math.cos(math.radians(self.latitude))),
            "accuracy_m": 8.0 + 6.0 * abs(math.sin(elapsed_s / 7.0)),
        }
