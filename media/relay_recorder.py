"""Which tracks of a session are being written, and the facts about them. The files are the journal's affair."""

from __future__ import annotations

import asyncio
import logging
import secrets
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from media.events import RecordingResumed, RecordingTrouble, RelayEvent, Role, SegmentClosed, TrackEnded, TrackStarted
from media.relay_clock import RelayClock
from media.up_track import UpTrack

logger = logging.getLogger(__name__)

CODECS = {"video": "VP8", "audio": "opus"}


@dataclass(frozen=True, slots=True)
class JournalRequest:
    """What a journal needs to know before its first record."""

    path: Path
    header: dict[str, Any]
    on_segment: Callable[[Any], None]
    on_trouble: Callable[[str | None], None]


class Journal(Protocol):
    """An open journal; `append` is cheap and bounded. `aclose` ends the last segment: (bytes, sha256)."""

    def append(self, packet: bytes, arrival_us: int) -> None: ...

    def append_sender_report(self, compound: bytes, arrival_us: int) -> None: ...

    def tick(self) -> None: ...

    async def aclose(self) -> tuple[int, str]: ...


OpenJournal = Callable[[JournalRequest], Journal]


def new_track_id() -> str:
    """26 lower-case base32 characters of 128 random bits."""
    return b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


class TrackRecorder:
    """Opens its journal with the first packet, so that a silent track leaves no file."""

    def __init__(self, session: SessionRecorder, track: UpTrack, participant_id: str, role: Role) -> None:
        self.track_id = new_track_id()
        self.participant_id = participant_id
        self._session = session
        self._track = track
        self._role = role
        self._journal: Journal | None = None

    def append(self, packet: bytes, arrival_us: int) -> None:
        if self._journal is None:
            self._journal = self._open(arrival_us)
        self._journal.append(packet, arrival_us)

    def append_sender_report(self, compound: bytes, arrival_us: int) -> None:
        if self._journal is not None:
            self._journal.append_sender_report(compound, arrival_us)

    def tick(self) -> None:
        if self._journal is not None:
            self._journal.tick()

    async def aclose(self) -> None:
        journal, self._journal = self._journal, None
        if journal is None:
            return
        length, digest = await journal.aclose()
        self._session.emit(
            TrackEnded(self._session.session_id, self.track_id, self._session.clock.wall_us(), length, digest)
        )

    def _open(self, arrival_us: int) -> Journal:
        session, track = self._session, self._track
        started = TrackStarted(
            session.session_id, self.track_id, self.participant_id, self._role, track.section.kind,  # type: ignore[arg-type]
            CODECS[track.kind], track.section.clock_rate, track.ssrc, f"journal/{self.track_id}.ytj", arrival_us,
        )
        header = {
            "session_id": session.session_id,
            "track_id": self.track_id,
            "participant_id": self.participant_id,
            "role": self._role,
            "kind": track.kind,
            "codec": started.codec,
            "clock_rate": started.clock_rate,
            "payload_type": track.section.payload_type,
            "ssrc": track.ssrc,
            "created_us": arrival_us,
        }
        session.emit(started)
        return session.open_journal(
            JournalRequest(Path(session.directory) / started.journal, header, session.emit_segment, session.trouble)
        )


class SessionRecorder:
    """Owner of the session's journals."""

    def __init__(
        self,
        session_id: str,
        directory: str,
        clock: RelayClock,
        emit: Callable[[RelayEvent], None],
        open_journal: OpenJournal,
    ) -> None:
        self.session_id = session_id
        self.directory = directory
        self.clock = clock
        self.emit = emit
        self.open_journal = open_journal
        self.on = False
        self._tracks: dict[UpTrack, TrackRecorder] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._trouble: str | None = None

    def start(self) -> None:
        self.on = True

    def follow(self, track: UpTrack, participant_id: str, role: Role) -> TrackRecorder:
        recorder = TrackRecorder(self, track, participant_id, role)
        self._tracks[track] = recorder
        return recorder

    def find_track_id(self, track: UpTrack) -> str | None:
        recorder = self._tracks.get(track)
        return recorder.track_id if recorder is not None else None

    def end_track(self, track: UpTrack) -> None:
        """Close the track's journal in the background; `stop` and `aclose` wait for it."""
        recorder = self._tracks.pop(track, None)
        if recorder is not None:
            task = asyncio.create_task(self._end(recorder))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def stop(self) -> None:
        """Close all journals; the last segments are emitted before this returns."""
        self.on = False
        for track in list(self._tracks):
            self.end_track(track)
        await asyncio.gather(*self._ending)

    async def aclose(self) -> None:
        await self.stop()

    def tick(self) -> None:
        for recorder in self._tracks.values():
            recorder.tick()

    def emit_segment(self, segment: SegmentClosed) -> None:
        self.emit(segment)

    def trouble(self, cause: str | None) -> None:
        """A journal cannot write (its cause), or can again (None). One event per change of the session."""
        if cause == self._trouble:
            return
        self._trouble = cause
        now_us = self.clock.wall_us()
        if cause is None:
            self.emit(RecordingResumed(self.session_id, now_us))
        else:
            self.emit(RecordingTrouble(self.session_id, "disk_full" if cause == "disk_full" else "io_error", now_us))

    async def _end(self, recorder: TrackRecorder) -> None:
        try:
            await recorder.aclose()
        except Exception:
            logger.exception("journal of track %s did not close in order", recorder.track_id)
