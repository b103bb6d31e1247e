"""Names that will stand on stamps: checked where they come in, so that nobody finds out in the middle of a call."""

from __future__ import annotations

from inspection.domain.errors import InspectionError, Kind
from inspection.domain.text import clean_text
from inspection.services.ports import Office


def stamped_name(office: Office, field: str, name: str, most: int = 60) -> str:
    """The name as it is kept. Raises `field_invalid`, `character_not_supported`."""
    kept = clean_text(field, name, most, one_line=True)
    require_legible(office, field, kept)
    return kept


def require_legible(office: Office, field: str, text: str) -> None:
    """Raises `character_not_supported`, which names the characters and their code points: they may show nowhere."""
    missing = office.missing_characters(text)
    if missing:
        named = " ".join(f"{char} U+{ord(char):04X}" for char in missing)
        raise InspectionError(Kind.INVALID, "character_not_supported", f"cannot be shown: {named}", field=field)
