"""Retention classes: what is kept equally long and erased together, each under a key of its own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class RetentionClass(StrEnum):
    """`MEDIA`: recordings, pictures and films. `PERSON`: who somebody is, and where. `TEXT`: what somebody wrote."""

    MEDIA = "media"
    PERSON = "person"
    TEXT = "text"


ERASED_WORDS = "（已依规定删除）"
"""Stands on pages where a text was erased."""
NOT_REACHED = ("copies_handed_out", "backups", "free_blocks_of_the_disk")
"""What an erasure cannot reach, as its entry says."""


def years_after(at: datetime, years: int) -> datetime:
    """The same moment so many years later; of 29 February the day after."""
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, month=3, day=1)
