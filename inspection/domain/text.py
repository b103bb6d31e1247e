"""What free text may look like before it is kept."""

from __future__ import annotations

import unicodedata

from inspection.domain.errors import field_invalid

_KEPT_CONTROLS = "\n\t"
_ONE_LINE_REFUSES = frozenset(("Cc", "Cf", "Zl", "Zp"))


def clean_text(field: str, text: object, most: int, *, least: int = 1, one_line: bool = False) -> str:
    """The trimmed text in NFC, or `field_invalid`: wrong length, control characters, lone surrogates.

    One line, for names: no line ends, and no invisible characters that could turn the reading round.
    """
    if not isinstance(text, str):
        raise field_invalid(field, "not a text")
    if any(unicodedata.category(char) == "Cs" for char in text):
        raise field_invalid(field, "lone surrogates")
    trimmed = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not least <= len(trimmed) <= most:
        raise field_invalid(field, f"needs {least} to {most} characters")
    if any(_is_refused(char, one_line) for char in trimmed):
        raise field_invalid(field, "control characters")
    return trimmed


def _is_refused(char: str, one_line: bool) -> bool:
    category = unicodedata.category(char)
    if one_line:
        return category in _ONE_LINE_REFUSES
    return category == "Cc" and char not in _KEPT_CONTROLS
