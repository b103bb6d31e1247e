"""The `iceServers` of browsers, from the settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from signaling.ice import IceServers
from web.settings import Settings
from web.turn_settings import REFRESHES_PER_TTL


def ice_servers_of(settings: Settings, now_s: Callable[[], float] = time.time) -> IceServers:
    """Those that are set as they are, and the office's TURN server with credentials of each. Raises TurnError."""
    credentials = settings.find_turn_credentials()
    fixed = list(settings.ice_servers)
    if credentials is None:
        return IceServers(lambda _: fixed)

    def make(participant_id: str) -> list[dict[str, Any]]:
        return [*fixed, credentials.ice_server(participant_id, now_s())]

    return IceServers(make, settings.turn.ttl_s / REFRESHES_PER_TTL)
