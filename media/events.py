"""Facts that the media plane reports. Times are unix microseconds (`*_us`), ids are strings.

Each event travels as `{"event": <class name>, "fields": {...}}`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Direction = Literal["up", "down"]
Role = Literal["applicant", "inspector"]
TrackKind = Literal["audio", "video"]
LostCause = Literal["closed", "silent", "ice_failed", "dtls_failed", "error", "flooding"]
GapCause = Literal["loss", "freeze", "silent", "reconnect", "muted", "paused", "camera", "disk"]
ViewService = Literal["full", "fewer_frames", "small", "key_frames"]
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
class CodecRefused:
    """A receiver cannot take the codec of what it should get; nothing of that is passed on to it."""

    session_id: str
    peer_id: str
    participant_id: str
    kind: TrackKind
    codec: str


@dataclass(frozen=True, slots=True)
class ViewServed:
    """What a receiver is sent of the applicant's picture from now on, by what its line carries; the record has all.

    small: a copy at a low rate, made for this receiver alone. key_frames: a still picture every few seconds.
    """

    session_id: str
    peer_id: str
    participant_id: str
    service: ViewService
    at_us: int


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
    """One outage, told when it is over. `track_id` is None where it is not about one track, `participant_id` is empty
    where it is about the session (`disk`).

    loss: packets nobody repaired, at most one event a second and track. freeze: no complete frame while connected.
    silent, reconnect: the participant was away, or another connection took over. muted, paused, camera: declared by
    the page (`camera`: another one is being opened). disk: arrived, and could not be written.
    """

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
class ClockStepped:
    """The server's clock was set, by `step_us` (negative: back); `at_us` is the new time."""

    session_id: str
    at_us: int
    step_us: int


@dataclass(frozen=True, slots=True)
class RelayRestarted:
    """The relay was started anew: no session is open in it."""

    at_us: int


RelayEvent = (
    PeerConnected
    | PeerLost
    | CodecRefused
    | ViewServed
    | TrackStarted
    | TrackEnded
    | SegmentClosed
    | GapDetected
    | RecordingTrouble
    | RecordingResumed
    | ClockStepped
    | RelayRestarted
)

EVENT_TYPES: dict[str, type[RelayEvent]] = {
    event_type.__name__: event_type
    for event_type in (
        PeerConnected,
        PeerLost,
        CodecRefused,
        ViewServed,
        TrackStarted,
        TrackEnded,
        SegmentClosed,
        GapDetected,
        RecordingTrouble,
        RecordingResumed,
        ClockStepped,
        RelayRestarted,
    )
}


def to_wire(event: RelayEvent) -> dict[str, Any]:
    return {"event": type(event).__name__, "fields": asdict(event)}


def from_wire(message: dict[str, Any]) -> RelayEvent:
    """Raises KeyError for an unknown event and TypeError for wrong fields."""
    return EVENT_TYPES[message["event"]](**message["fields"])
