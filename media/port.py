"""The port behind which the relay works, in its own process or (in unit tests) in this one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from media.events import RelayEvent, Role


class RelayPort(Protocol):
    """Every call raises `MediaError` with a stable code. Ids are strings; SDP is complete (no trickle)."""

    async def open_session(self, session_id: str, directory: str) -> None:
        """Idempotent. `directory` receives `journal/<track_id>.ytj`."""

    async def set_recording(self, session_id: str, on: bool) -> None:
        """Journals are written only while recording is on."""

    async def add_up_peer(
        self, session_id: str, peer_id: str, participant_id: str, role: Role, sdp: str
    ) -> dict[str, str]:
        """Take an offer of a sender; returns `{"sdp": answer}`."""

    async def add_down_peer(self, session_id: str, peer_id: str, participant_id: str, role: Role) -> dict[str, str]:
        """Offer the session's fixed slots to a receiver; returns `{"sdp": offer}`."""

    async def accept_answer(self, session_id: str, peer_id: str, sdp: str) -> None:
        """Take the receiver's answer to the offer of `add_down_peer`."""

    async def close_peer(self, session_id: str, peer_id: str) -> None:
        """Idempotent; emits no `PeerLost`."""

    async def close_session(self, session_id: str) -> None:
        """End recording, close journals and peers; the last `SegmentClosed` is emitted before this returns."""

    async def set_device(
        self,
        session_id: str,
        participant_id: str,
        muted_since_us: int | None = None,
        paused_since_us: int | None = None,
        camera_since_us: int | None = None,
    ) -> None:
        """What the participant's page says of itself, each since a unix time in microseconds; None: it is not so.

        It explains what is missing (`GapDetected`) and changes nothing in what is passed on or recorded. Idempotent.
        """

    async def session_stats(self, session_id: str) -> dict[str, Any]:
        """Counters per peer and track, see `docs/performance.md`."""

    def events(self) -> AsyncIterator[RelayEvent]:
        """The one stream of facts; one consumer."""
