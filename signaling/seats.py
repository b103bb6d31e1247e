"""A live session as the edge holds it: who sits where, and which connections they have. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from inspection.domain.actor import Actor, Role
from inspection.domain.still_policy import StillState
from signaling.phone_clock import ClockExchange

#: What a page calls its camera while it opens another one.
SWITCHING = "switching"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a page says of its own microphone and camera, each since a unix time in microseconds."""

    muted_since_us: int | None = None
    paused_since_us: int | None = None
    camera_since_us: int | None = None

    def after(self, *, camera: str, muted: bool, paused: bool, at_us: int) -> Declared:
        """What it says now; what went on goes on since when it began."""
        return Declared(
            muted_since_us=(self.muted_since_us or at_us) if muted else None,
            paused_since_us=(self.paused_since_us or at_us) if paused else None,
            camera_since_us=(self.camera_since_us or at_us) if camera == SWITCHING else None,
        )


@dataclass(frozen=True, slots=True)
class Nonce:
    """What a page has to sign until then, to have its key put on record."""

    value: str
    ends_at: datetime


@dataclass(slots=True)
class Seat:
    """One participant's place: the socket that holds it, and at most one connection each way.

    While a new connection is being made `up_peer` (`down_peer`) is the new one and the old one still serves.
    """

    participant_id: str
    actor: Actor
    sid: str | None
    up_peer: str | None = None
    old_up_peer: str | None = None
    down_peer: str | None = None
    old_down_peer: str | None = None
    is_sending: bool = False
    declared: Declared = field(default_factory=Declared)
    nonce: Nonce | None = None
    keys_enrolled: int = 0
    clock: ClockExchange = field(default_factory=ClockExchange)
    device: dict[str, object] | None = None  # what this page said last and is on record, as it said it

    @property
    def is_applicant(self) -> bool:
        return self.actor.role is Role.APPLICANT

    @property
    def media_role(self) -> Literal["applicant", "inspector"]:
        return "applicant" if self.is_applicant else "inspector"

    @property
    def peer_ids(self) -> list[str]:
        """Every connection that the relay holds for this seat, those that are being replaced included."""
        held = (self.up_peer, self.old_up_peer, self.down_peer, self.old_down_peer)
        return [peer for peer in held if peer is not None]

    def take_up(self, peer_id: str) -> str | None:
        """A new connection that sends; returns one that was begun and never served, to be closed."""
        unused = self.up_peer if self.old_up_peer is not None else None
        self.old_up_peer = self.old_up_peer or self.up_peer
        self.up_peer = peer_id
        return unused

    def take_down(self, peer_id: str) -> str | None:
        """A new connection that receives; returns one that was begun and never served, to be closed."""
        unused = self.down_peer if self.old_down_peer is not None else None
        self.old_down_peer = self.old_down_peer or self.down_peer
        self.down_peer = peer_id
        return unused

    def forget_peers(self) -> None:
        self.up_peer = self.old_up_peer = self.down_peer = self.old_down_peer = None
        self.is_sending = False

    def forget_peer(self, peer_id: str) -> bool:
        """Whether it was a connection that the client counts on."""
        if peer_id == self.old_up_peer:
            self.old_up_peer = None
        elif peer_id == self.old_down_peer:
            self.old_down_peer = None
        elif peer_id == self.up_peer:
            self.up_peer, self.is_sending = self.old_up_peer, self.old_up_peer is not None
            self.old_up_peer = None
            return True
        elif peer_id == self.down_peer:
            self.down_peer, self.old_down_peer = self.old_down_peer, None
            return True
        return False


@dataclass(slots=True)
class LiveTrack:
    """A track that the relay journals now; `journal` is below the session's folder."""

    track_id: str
    participant_id: str
    role: str
    kind: str
    journal: str


@dataclass(slots=True)
class LiveSession:
    """Everything the edge knows of one open session; its registry owns it."""

    inspection_id: str
    session_id: str
    still_state: StillState
    recording: bool = False
    is_ending: bool = False
    seats: dict[str, Seat] = field(default_factory=dict)
    tracks: dict[str, LiveTrack] = field(default_factory=dict)

    def seat_of_sid(self, sid: str) -> Seat | None:
        return next((seat for seat in self.seats.values() if seat.sid == sid), None)

    def seat_of_peer(self, peer_id: str) -> Seat | None:
        return next((seat for seat in self.seats.values() if peer_id in seat.peer_ids), None)

    @property
    def applicant(self) -> Seat | None:
        return next((seat for seat in self.seats.values() if seat.is_applicant), None)

    @property
    def picture(self) -> LiveTrack | None:
        """The newest track of the applicant's camera."""
        films = [track for track in self.tracks.values() if track.kind == "video" and track.role == "applicant"]
        return films[-1] if films else None
