"""Who does something, as it stands in every ledger entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The roles that act; `SYSTEM` stands for facts that the server states itself."""

    APPLICANT = "applicant"
    INSPECTOR = "inspector"
    AUDITOR = "auditor"
    SYSTEM = "system"


class Level(StrEnum):
    """What was checked about the person, no more (see `inspection.domain.words.level_words`)."""

    LINK = "L1"
    PHONE = "L2"
    ACCOUNT = "account"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, or the server. `id` is the user's id for staff and the applicant's id for an applicant."""

    role: Role
    id: str
    name: str
    level: Level
    unit: str = ""
    badge: str = ""


SYSTEM = Actor(role=Role.SYSTEM, id="server", name="server", level=Level.NONE)
