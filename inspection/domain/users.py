"""Staff accounts and logins."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inspection.domain.actor import Actor, Level, Role


@dataclass(frozen=True, slots=True)
class User:
    """A member of staff; `role` is inspector or auditor. Name, unit and badge are shown to the applicant."""

    id: str
    username: str
    role: Role
    name: str
    unit: str
    badge: str
    created_at: datetime

    def as_actor(self) -> Actor:
        """The person as entries name them."""
        return Actor(self.role, self.id, self.name, Level.ACCOUNT, self.unit, self.badge)


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """A login at rest: only the keyed hash of its token is kept."""

    id: str
    token_hash: str
    role: Role
    user_id: str | None
    inspection_id: str | None
    session_id: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def holds_at(self, now: datetime) -> bool:
        """Whether the login still opens doors."""
        return self.revoked_at is None and now < self.expires_at
