"""What of an entry's personal values a person's screen gets."""

from __future__ import annotations

from typing import Any

from inspection.domain.actor import Role
from inspection.domain.commitments import ERASED, pointer, replaced
from inspection.domain.entry import Entry
from inspection.domain.package_withheld import is_for
from inspection.domain.retention import ERASED_WORDS

WITHHELD = {"withheld": True}


def shown_json(entry: Entry, role: Role) -> dict[str, Any]:
    """The opened entry; for an applicant without the notes that officers make for themselves.

    An actor has a name in words also where it was erased.
    """
    shown = entry.opened_json()
    if shown["actor"]["name"] == ERASED:
        shown = replaced(shown, ("actor", "name"), ERASED_WORDS)
    if role is not Role.APPLICANT:
        return shown
    for place in entry.personal_places():
        if not is_for("applicant", entry.kind, pointer(place.path)):
            shown = replaced(shown, place.path, dict(WITHHELD))
    return shown
