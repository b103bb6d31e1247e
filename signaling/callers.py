"""Who is behind a socket: bound once at connect, asked again at every event."""

from __future__ import annotations

from dataclasses import dataclass, field

from inspection.domain.actor import Actor, Role
from inspection.domain.errors import InspectionError, Kind, conflict
from inspection.services.results import Login
from signaling.live import LiveSessions
from signaling.seats import LiveSession, Seat


@dataclass(slots=True)
class Allowance:
    """A token bucket: `burst` events at once, `per_s` in the long run."""

    per_s: float = 25.0
    burst: float = 60.0
    left: float = 60.0
    asked_s: float = 0.0

    def take(self, now_s: float) -> None:
        """Raises `too_many_events` when there is none left."""
        self.left = min(self.burst, self.left + (now_s - self.asked_s) * self.per_s)
        self.asked_s = now_s
        if self.left < 1:
            raise InspectionError(Kind.UNAVAILABLE, "too_many_events", "slow down", retry_after_s=1)
        self.left -= 1


@dataclass(slots=True)
class Caller:
    """One connected socket. `session_id` is set once it has joined."""

    sid: str
    role: Role
    login: Login
    allowance: Allowance = field(default_factory=Allowance)
    session_id: str | None = None

    @property
    def actor(self) -> Actor:
        return self.login.actor

    def place(self, live: LiveSessions) -> tuple[LiveSession, Seat]:
        """The session and the seat that this socket holds. Raises `not_joined`."""
        session = live.find(self.session_id) if self.session_id else None
        seat = session.seat_of_sid(self.sid) if session else None
        if session is None or seat is None:
            raise conflict("not_joined", "join the session first")
        return session, seat
