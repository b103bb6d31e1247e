"""What free text may look like before it is kept."""

from __future__ import annotations

import unicodedata

from inspection.domain.errors import field_invalid

_KEPT_CONTROLS = "\n\t"


def clean_text(field: str, text: object, most: int, *, least: int = 1, one_line: bool = False) -> str:
    """The trimmed text in NFC, or `field_invalid`: wrong length, control characters, lone surrogates."""
    if not isinstance(text, str):
        raise field_invalid(field, "not a text")
    if any(unicodedata.category(char) == "Cs" for char in text):
        raise field_invalid(field, "lone surrogates")
    trimmed = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not least <= len(trimmed) <= most:
        raise field_invalid(field, f"needs {least} to {most} characters")
    allowed = "" if one_line else _KEPT_CONTROLS
    if any(unicodedata.category(char) == "Cc" and char not in allowed for char in trimmed):
        raise field_invalid(field, "control characters")
    return trimmed
