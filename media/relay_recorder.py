"""Which tracks of a session are being written, and the facts about them. The files are the journal's affair."""

from __future__ import annotations

import asyncio
import logging
import secrets
from base64 import b32encode
from collections.abc import Callable
from pathlib import Path

from media.events import (
    GapDetected,
    RecordingResumed,
    RecordingTrouble,
    RelayEvent,
    Role,
    SegmentClosed,
    TrackEnded,
    TrackKind,
    TrackStarted,
)
from media.journal import JournalHeader, JournalListener, JournalResumed, JournalTrouble, JournalWriter
from media.relay_clock import RelayClock
from media.up_track import UpTrack

logger = logging.getLogger(__name__)

OpenJournal = Callable[[Path, JournalHeader, JournalListener], JournalWriter]


def new_track_id() -> str:
    """26 lower-case base32 characters of 128 random bits."""
    return b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


class TrackRecorder:
    """Opens its journal with the first packet (a silent track leaves no file) and hands the track over to it."""

    def __init__(self, session: SessionRecorder, track: UpTrack, participant_id: str, role: Role) -> None:
        self.track_id = new_track_id()
        self.participant_id = participant_id
        self._session = session
        self._track = track
        self._role = role
        self._journal: JournalWriter | None = None

    def append(self, packet: bytes, arrival_us: int) -> None:
        if self._journal is None:
            self._journal = self._open(arrival_us)
            self._track.recorder = self._journal
        self._journal.append(packet, arrival_us)

    def append_sender_report(self, compound: bytes, arrival_us: int) -> None:
        """Before the first packet there is no journal, and the next report is near."""

    async def aclose(self) -> None:
        journal, self._journal = self._journal, None
        if journal is None:
            return
        end = await journal.aclose()
        self._session.count_unwritten(end.lost_packets)
        self._session.emit(TrackEnded(self._session.session_id, self.track_id, end.ended_us, end.bytes, end.sha256))

    def _open(self, arrival_us: int) -> JournalWriter:
        session, section = self._session, self._track.section
        kind: TrackKind = "video" if section.kind == "video" else "audio"
        started = TrackStarted(
            session.session_id,
            self.track_id,
            self.participant_id,
            self._role,
            kind,
            self._track.format.codec,
            section.clock_rate,
            self._track.ssrc,
            f"journal/{self.track_id}.ytj",
            arrival_us,
        )
        header = JournalHeader(
            session.session_id,
            self.track_id,
            self.participant_id,
            self._role,
            kind,
            started.codec,
            started.clock_rate,
            self._track.payload_type,
            started.ssrc,
            arrival_us,
        )
        session.emit(started)
        return session.open_journal(Path(session.directory) / started.journal, header, session)


class SessionRecorder:
    """Owner of the session's journals, and the listener of them all."""

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
        self._troubled: set[str] = set()
        #: Tracks that ended in trouble: only another journal that is written shows that it is over.
        self._ended_troubled = False
        self._trouble_since_us = 0
        self._unwritten_packets = 0

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
        if self._troubled or self._ended_troubled:
            self._troubled.clear()
            self._ended_troubled = False
            self._tell_unwritten()

    async def aclose(self) -> None:
        await self.stop()

    # what journals tell

    def segment_closed(self, segment: SegmentClosed) -> None:
        self.emit(segment)
        if self._ended_troubled and segment.track_id not in self._troubled:
            self._ended_troubled = False
            self._resume_if_over()

    def journal_trouble(self, trouble: JournalTrouble) -> None:
        """The session's recording is in trouble from the first journal that is to the last."""
        if not self._troubled and not self._ended_troubled:
            self._trouble_since_us, self._unwritten_packets = trouble.at_us, 0
            self.emit(RecordingTrouble(self.session_id, trouble.cause, trouble.at_us))
        self._troubled.add(trouble.track_id)

    def journal_resumed(self, resumed: JournalResumed) -> None:
        self.count_unwritten(resumed.packets)
        self._troubled.discard(resumed.track_id)
        self._ended_troubled = False
        self._resume_if_over()

    def count_unwritten(self, packets: int) -> None:
        """Packets that arrived and are in no journal."""
        self._unwritten_packets += packets

    def _resume_if_over(self) -> None:
        if not self._troubled:
            self._tell_unwritten()
            self.emit(RecordingResumed(self.session_id, self.clock.wall_us()))

    def _tell_unwritten(self) -> None:
        """One trouble of the disk is one gap, however many journals it befell."""
        span = (self._trouble_since_us, max(self._trouble_since_us, self.clock.wall_us()))
        self.emit(GapDetected(self.session_id, None, "", "disk", *span, self._unwritten_packets))

    async def _end(self, recorder: TrackRecorder) -> None:
        try:
            await recorder.aclose()
        except Exception:  # the session closes all the same; recovery attests what is on the disk
            logger.exception("journal of track %s did not close in order", recorder.track_id)
        if recorder.track_id in self._troubled:
            self._troubled.discard(recorder.track_id)
            self._ended_troubled = True
