"""Facts that the media plane reports. Times are unix microseconds (`*_us`), ids are strings.

Each event travels as `{"event": <class name>, "fields": {...}}`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Direction = Literal["up", "down"]
Role = Literal["applicant", "inspector"]
TrackKind = Literal["audio", "video"]
LostCause = Literal["closed", "silent", "ice_failed", "dtls_failed", "error"]
GapCause = Literal["loss", "silent", "reconnect", "muted", "paused", "disk"]
TroubleCause = Literal["disk_full", "io_error"]


@dataclass(frozen=True, slots=True)
class PeerConnected:
    """DTLS is up and both certificates match their session descriptions."""

    session_id: str
    peer_id: str
    participant_id: str
    direction: Direction
    local_fingerprint: str
    remote_fingerprint: str


@dataclass(frozen=True, slots=True)
class PeerLost:
    """The peer is gone and its sockets are closed; whoever wants media makes a new one."""

    session_id: str
    peer_id: str
    participant_id: str
    direction: Direction
    cause: LostCause


@dataclass(frozen=True, slots=True)
class TrackStarted:
    """The first packet of a track arrived while recording was on."""

    session_id: str
    track_id: str
    participant_id: str
    role: Role
    kind: TrackKind
    codec: str
    clock_rate: int
    ssrc: int
    journal: str
    started_us: int


@dataclass(frozen=True, slots=True)
class TrackEnded:
    """The journal of the track is closed: its whole length and digest."""

    session_id: str
    track_id: str
    ended_us: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SegmentClosed:
    """A contiguous range of a journal, at most a second long. `first_rtp` and `last_rtp` are unwrapped timestamps."""

    session_id: str
    track_id: str
    index: int
    offset: int
    length: int
    sha256: str
    running_sha256: str
    started_us: int
    ended_us: int
    first_rtp: int
    last_rtp: int
    packets: int
    frames: int
    lost: int


@dataclass(frozen=True, slots=True)
class GapDetected:
    """Something is missing between two times. `track_id` is None where the whole participant was away."""

    session_id: str
    track_id: str | None
    participant_id: str
    cause: GapCause
    started_us: int
    ended_us: int
    packets: int


@dataclass(frozen=True, slots=True)
class RecordingTrouble:
    """Journals of the session cannot be written; the call goes on."""

    session_id: str
    cause: TroubleCause
    at_us: int


@dataclass(frozen=True, slots=True)
class RecordingResumed:
    """Journals of the session are written again."""

    session_id: str
    at_us: int


@dataclass(frozen=True, slots=True)
class RelayRestarted:
    """The relay was started anew: no session is open in it."""

    at_us: int


RelayEvent = (
    PeerConnected
    | PeerLost
    | TrackStarted
    | TrackEnded
    | SegmentClosed
    | GapDetected
    | RecordingTrouble
    | RecordingResumed
    | RelayRestarted
)

EVENT_TYPES: dict[str, type[RelayEvent]] = {
    event_type.__name__: event_type
    for event_type in (
        PeerConnected,
        PeerLost,
        TrackStarted,
        TrackEnded,
        SegmentClosed,
        GapDetected,
        RecordingTrouble,
        RecordingResumed,
        RelayRestarted,
    )
}


def to_wire(event: RelayEvent) -> dict[str, Any]:
    return {"event": type(event).__name__, "fields": asdict(event)}


def from_wire(message: dict[str, Any]) -> RelayEvent:
    """Raises KeyError for an unknown event and TypeError for wrong fields."""
    return EVENT_TYPES[message["event"]](**message["fields"])
