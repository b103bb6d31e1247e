"""What the relay reports becomes entries of the ledger, and the live sessions follow. One task, in order."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from pathlib import Path
from typing import Any

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import EntryDraft
from inspection.domain.instants import from_unix_us, rfc3339_ms
from inspection.domain.still_policy import VideoStarted
from inspection.services.media_ledger import MediaLedger
from media import events
from media.errors import MediaError
from media.port import RelayPort
from media.stills_port import StillsPort
from signaling.clock_watch import ClockWatch
from signaling.interruptions import Interruptions
from signaling.live import LiveSessions, Recover
from signaling.seats import LiveSession, LiveTrack
from signaling.signatures import SignatureWatch

_log = logging.getLogger(__name__)

REMEMBERED_SESSIONS = 10_000


class Bridge:
    """Reads the relay's one stream of events.

    Whose a session is, is remembered beyond its end, for late facts: of the last REMEMBERED_SESSIONS.
    """

    def __init__(
        self,
        relay: RelayPort,
        stills: StillsPort,
        ledger: MediaLedger,
        live: LiveSessions,
        recover: Recover,
        evidence_root: Path,
        interruptions: Interruptions,
        signatures: SignatureWatch,
        clocks: ClockWatch,
    ) -> None:
        self._signatures = signatures
        self._clocks = clocks
        self._interruptions = interruptions
        self._recover = recover
        self._relay = relay
        self._stills = stills
        self._ledger = ledger
        self._live = live
        self._root = evidence_root
        self._inspection_of: OrderedDict[str, str] = OrderedDict()
        self._open_tracks: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="relay-events")

    async def aclose(self) -> None:
        """After the relay's client is closed, so that the last facts have been read."""
        if self._task is not None:
            done, _ = await asyncio.wait({self._task}, timeout=2.0)
            if not done:
                self._task.cancel()
                await asyncio.wait({self._task})
            self._task = None

    async def _run(self) -> None:
        async for event in self._relay.events():
            try:
                await self._take(event)
            except Exception:  # one fact's trouble must not deafen us for the next
                _log.exception("event %s of the relay was not handled", type(event).__name__)

    async def _take(self, event: events.RelayEvent) -> None:
        if isinstance(event, events.RelayRestarted):
            await self._relay_restarted()
            return
        session = self._live.find(event.session_id)
        if session is not None:
            self._remember(session)
        self._record(event)
        self._follow_reach(event)
        if isinstance(event, events.TrackStarted):
            self._open_tracks[event.track_id] = event.session_id
        elif isinstance(event, events.TrackEnded):
            self._open_tracks.pop(event.track_id, None)
        if session is not None:
            await self._follow(session, event)

    async def _relay_restarted(self) -> None:
        self._signatures.relay_restarted()
        cut_off = self._cut_off()
        for session_id, inspection_id in (cut_off | self._live.held()).items():
            self._interruptions.begin(inspection_id, session_id)
        await self._live.relay_restarted(self._recover_session, cut_off)

    async def _recover_session(self, inspection_id: str, session_id: str) -> None:
        try:
            await self._recover(inspection_id, session_id)
        finally:
            self._signatures.recovered(session_id)

    def _follow_reach(self, event: events.RelayEvent) -> None:
        """How far a session is recorded, and that it is again."""
        match event:
            case events.SegmentClosed() | events.GapDetected(cause="silent" | "reconnect"):
                self._interruptions.note_recorded(event.session_id, event.ended_us)
            case events.TrackStarted(role="applicant"):
                self._interruptions.end(event.session_id, event.started_us)
                self._interruptions.note_recorded(event.session_id, event.started_us)

    def _remember(self, session: LiveSession) -> None:
        self._inspection_of[session.session_id] = session.inspection_id
        self._inspection_of.move_to_end(session.session_id)
        if len(self._inspection_of) > REMEMBERED_SESSIONS:
            self._inspection_of.popitem(last=False)

    def _cut_off(self) -> dict[str, str]:
        """Inspections by the sessions whose tracks the relay never ended; some of them may be over meanwhile."""
        sessions, self._open_tracks = set(self._open_tracks.values()), {}
        return {one: self._inspection_of[one] for one in sessions if one in self._inspection_of}

    def _record(self, event: events.RelayEvent) -> None:
        inspection_id = self._inspection_of.get(getattr(event, "session_id", ""))
        draft = draft_of(event)
        if inspection_id is None:
            if draft is not None:
                _log.error("a %s of an unknown session was reported", type(event).__name__)
            return
        if draft is not None:
            self._ledger.offer(inspection_id, draft)
        self._signatures.take(inspection_id, event)
        self._clocks.take(inspection_id, event)

    async def _follow(self, session: LiveSession, event: events.RelayEvent) -> None:
        match event:
            case events.PeerConnected():
                await self._connected(session, event)
            case events.PeerLost():
                await self._live.lose_peer(session, event.peer_id, event.cause)
            case events.CodecRefused():
                await self._live.refuse_codec(session, event.peer_id, event.codec)
            case events.ViewServed():
                await self._live.tell_view(session, event)
            case events.TrackStarted():
                await self._track_started(session, event)
            case events.TrackEnded():
                await self._track_ended(session, event)
            case events.RecordingTrouble():
                await self._live.pause_recording(session, event.cause)
            case events.RecordingResumed():
                await self._live.resume_recording(session)

    async def _connected(self, session: LiveSession, event: events.PeerConnected) -> None:
        seat = session.seat_of_peer(event.peer_id)
        if seat is not None and event.direction == "up":
            seat.is_sending = True
            await self._live.start_recording_if_due(session)

    async def _track_started(self, session: LiveSession, event: events.TrackStarted) -> None:
        track = LiveTrack(event.track_id, event.participant_id, event.role, event.kind, event.journal)
        session.tracks[track.track_id] = track
        if track.kind == "video" and track.role == "applicant":
            path = self._root / session.inspection_id / session.session_id / track.journal
            await self._quietly(self._stills.follow(session.session_id, track.track_id, path))
            self._live.stills.consider(session, VideoStarted())

    async def _track_ended(self, session: LiveSession, event: events.TrackEnded) -> None:
        track = session.tracks.pop(event.track_id, None)
        if track is not None and track.kind == "video":
            await self._quietly(self._stills.unfollow(track.track_id))

    async def _quietly(self, call: Any) -> None:
        """Following only makes stills faster; without it they are decoded from the journal's last key frame."""
        try:
            await call
        except MediaError as error:
            _log.warning("the stills process does not follow: %s", error.code)


def draft_of(event: events.RelayEvent) -> EntryDraft | None:
    """The entry that an event becomes; None where the use cases make the entry, or none is needed."""
    match event:
        case events.PeerConnected():
            return _draft("connected", event.session_id, {
                "session_id": event.session_id, "peer_id": event.peer_id, "participant_id": event.participant_id,
                "direction": event.direction, "local_fingerprint": event.local_fingerprint,
                "remote_fingerprint": event.remote_fingerprint,
            })  # fmt: skip
        case events.TrackStarted():
            return _draft("track", event.track_id, {
                "session_id": event.session_id, "track_id": event.track_id, "participant_id": event.participant_id,
                "role": event.role, "kind": event.kind, "codec": event.codec, "clock_rate": event.clock_rate,
                "journal": event.journal,
            })  # fmt: skip
        case events.SegmentClosed():
            return _draft("segment", event.track_id, segment_payload(event))
        case events.GapDetected():
            return _draft("gap", event.session_id, gap_payload(event))
        case events.ClockStepped():
            clock = {"session_id": event.session_id, "step_us": event.step_us, "source": "relay"}
            return _draft("clock", event.session_id, clock)
    return None


def gap_payload(event: events.GapDetected) -> dict[str, Any]:
    about = {"track_id": event.track_id, "participant_id": event.participant_id}
    return {
        "session_id": event.session_id,
        **{key: value for key, value in about.items() if value},
        "cause": event.cause,
        "started_at": instant(event.started_us),
        "ended_at": instant(event.ended_us),
        "packets": event.packets,
    }


def segment_payload(event: events.SegmentClosed) -> dict[str, Any]:
    return {
        "session_id": event.session_id,
        "track_id": event.track_id,
        "index": event.index,
        "offset": event.offset,
        "length": event.length,
        "sha256": event.sha256,
        "running_sha256": event.running_sha256,
        "started_at": instant(event.started_us),
        "ended_at": instant(event.ended_us),
        "first_rtp": event.first_rtp,
        "last_rtp": event.last_rtp,
        "packets": event.packets,
        "frames": event.frames,
        "lost": event.lost,
    }


def instant(unix_us: int) -> str:
    return rfc3339_ms(from_unix_us(unix_us))


def _draft(kind: str, subject: str, payload: dict[str, Any]) -> EntryDraft:
    return EntryDraft(kind, SYSTEM, subject, payload)
