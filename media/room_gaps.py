"""What is missing of a session: absences of participants, and packets that nobody will repair any more."""

from __future__ import annotations

from collections.abc import Callable

from media.events import GapDetected, LostCause, RelayEvent
from media.relay_clock import RelayClock
from media.up_peer import UpPeer
from media.up_track import UpTrack


class Gaps:
    """One `GapDetected` for each absence, when it ends, and at most one a second and track for losses."""

    def __init__(self, session_id: str, clock: RelayClock, emit: Callable[[RelayEvent], None]) -> None:
        self._session_id = session_id
        self._clock = clock
        self._emit = emit
        self._away: dict[str, tuple[LostCause, int]] = {}

    def leave(self, peer: UpPeer, cause: LostCause) -> None:
        """The participant's source is gone; the gap begins with its last packet."""
        if peer.media_us:
            self._away.setdefault(peer.identity.participant_id, (cause, peer.media_us))

    def tick(self, sources: dict[str, UpPeer]) -> None:
        """End the absences of those whose media flows again."""
        for participant_id in list(self._away):
            peer = sources.get(participant_id)
            if peer is not None and peer.media_us:
                cause, since_us = self._away.pop(participant_id)
                offset_us = self._clock.wall_offset_us
                self._emit(
                    GapDetected(
                        self._session_id,
                        None,
                        participant_id,
                        "silent" if cause == "silent" else "reconnect",
                        since_us + offset_us,
                        peer.media_us + offset_us,
                        0,
                    )
                )

    def report_losses(self, peer: UpPeer, find_track_id: Callable[[UpTrack], str | None], now_us: int) -> None:
        for track in peer.tracks:
            run = track.take_gap(now_us)
            if run is not None:
                offset_us = self._clock.wall_offset_us
                self._emit(
                    GapDetected(
                        self._session_id,
                        find_track_id(track),
                        peer.identity.participant_id,
                        "loss",
                        run.started_us + offset_us,
                        run.ended_us + offset_us,
                        run.packets,
                    )
                )
