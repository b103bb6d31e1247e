"""Invitations: how an applicant gets in. Opening one consumes nothing; the code sent to the phone does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from inspection.domain.errors import InspectionError, Kind, conflict

CODE_TRIES = 5


class InvitationState(StrEnum):
    """`EXPIRED` is never stored: it is what an open or used invitation becomes by the clock."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class SentCode:
    """The code last sent to the phone, as a keyed hash."""

    code_hash: str
    sent_at: datetime
    expires_at: datetime
    wrong_tries: int = 0


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation to one session; link token and pick-up code are kept as keyed hashes only."""

    id: str
    inspection_id: str
    session_id: str
    token_hash: str
    pickup_hash: str
    phone_hash: str
    state: InvitationState
    created_at: datetime
    expires_at: datetime
    code: SentCode | None = None

    def state_at(self, now: datetime) -> InvitationState:
        """The state by the clock."""
        if self.state is not InvitationState.REVOKED and now >= self.expires_at:
            return InvitationState.EXPIRED
        return self.state

    def require_usable(self, now: datetime) -> None:
        """Refuses a revoked or expired invitation. A used one still lets the same person move by a new code."""
        state = self.state_at(now)
        if state is InvitationState.REVOKED:
            raise conflict("invitation_revoked", "the invitation was revoked")
        if state is InvitationState.EXPIRED:
            raise conflict("invitation_expired", "the invitation has expired")

    def revoked(self) -> Invitation:
        """Closed by the office; revoking twice is no error."""
        return replace(self, state=InvitationState.REVOKED, code=None)

    def with_code(self, code: SentCode, now: datetime) -> Invitation:
        """A new code replaces the one before."""
        self.require_usable(now)
        return replace(self, code=code)

    def tried(self, right: bool, now: datetime) -> tuple[Invitation, InspectionError | None]:
        """The invitation after a try, and the refusal to raise once that is stored.

        A right code is consumed and the invitation is used. `invitation_used`: it was redeemed and no new
        code was asked for; `code_expired`: none was asked for or too late; `code_locked`: five wrong tries.
        """
        self.require_usable(now)
        if self.code is None:
            return self, self._without_code()
        if self.code.wrong_tries >= CODE_TRIES:
            return self, InspectionError(Kind.CONFLICT, "code_locked", "too many wrong codes; ask for a new one")
        if now >= self.code.expires_at:
            return self, InspectionError(Kind.CONFLICT, "code_expired", "the code has expired")
        if right:
            return replace(self, state=InvitationState.USED, code=None), None
        return self._wrong(self.code)

    def _without_code(self) -> InspectionError:
        if self.state is InvitationState.USED:
            return InspectionError(Kind.CONFLICT, "invitation_used", "redeemed already; a new code moves it here")
        return InspectionError(Kind.CONFLICT, "code_expired", "no code was sent yet")

    def _wrong(self, code: SentCode) -> tuple[Invitation, InspectionError]:
        tries = code.wrong_tries + 1
        after = replace(self, code=replace(code, wrong_tries=tries))
        left = CODE_TRIES - tries
        if left == 0:
            return after, InspectionError(Kind.CONFLICT, "code_locked", "too many wrong codes; ask for a new one")
        return after, InspectionError(Kind.INVALID, "code_wrong", "the code is wrong", field="code", tries_left=left)

    def kept_until(self, at: datetime) -> Invitation:
        """A redeemed invitation lives on, so that findings can be answered days later, each time by a code."""
        return replace(self, expires_at=max(self.expires_at, at))


def pickup_as_shown(code: str) -> str:
    """`4827-1935`."""
    return f"{code[:4]}-{code[4:]}"


def pickup_as_typed(text: str) -> str:
    """The eight digits, whatever hyphens, blanks or full-width digits people typed between them."""
    return "".join(str(int(char)) for char in text if char.isdecimal())
