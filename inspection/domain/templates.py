"""Templates: what must be looked at for a service item, clause by clause."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SIGNBOARD_ITEM_ID = "signboard"


class RemoteEffect(StrEnum):
    """What a remote session may settle; anything beyond guidance needs a legal basis in the template."""

    GUIDANCE_ONLY = "guidance_only"
    PREFILL = "prefill"
    SUBSTITUTES = "substitutes"


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One thing to look at; `clause` names the rule behind it, `hint` says how to show it."""

    id: str
    title: str
    clause: str
    hint: str


@dataclass(frozen=True, slots=True)
class Template:
    """The check items of a service item (`id`), with what the office's lawyer settled about it."""

    id: str
    name: str
    clause: str
    remote_effect: RemoteEffect
    legal_basis: str
    items: tuple[CheckItem, ...]

    def find_item(self, item_id: str) -> CheckItem | None:
        """The check item of that id."""
        return next((item for item in self.items if item.id == item_id), None)
