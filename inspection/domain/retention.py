"""Retention classes: what is kept equally long and erased together, each under a key of its own."""

from __future__ import annotations

from enum import StrEnum


class RetentionClass(StrEnum):
    """`MEDIA`: recordings, pictures and films. `PERSON`: who somebody is, and where. `TEXT`: what somebody wrote."""

    MEDIA = "media"
    PERSON = "person"
    TEXT = "text"


ERASED_WORDS = "（已依规定删除）"
"""Stands on pages where a text was erased."""
