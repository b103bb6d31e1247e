"""Form checks of Chinese identifiers, and how they are masked on screens and in entries.

They say that a number is well formed, never that it was issued.
"""

from __future__ import annotations

import re
from datetime import date

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_RESIDENT_ID = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)


def is_uscc(text: str) -> bool:
    """Whether `text` is a unified social credit code (GB 32100-2015) with a right check character."""
    if not _USCC.fullmatch(text):
        return False
    total = sum(_USCC_ALPHABET.index(char) * weight for char, weight in zip(text, _USCC_WEIGHTS, strict=False))
    return _USCC_ALPHABET[(31 - total % 31) % 31] == text[17]


def is_resident_id(text: str, today: date) -> bool:
    """Whether `text` is a resident identity number (GB 11643-1999): a real birthday, a right check digit."""
    if not _RESIDENT_ID.fullmatch(text):
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(char) * weight for char, weight in zip(text, _RESIDENT_WEIGHTS, strict=False))
    return date(1900, 1, 1) <= born <= today and _RESIDENT_CHECKS[total % 11] == text[17]


def is_mobile_phone(text: str) -> bool:
    """Whether `text` is a mainland mobile number: eleven digits, 13x to 19x."""
    return bool(_MOBILE.fullmatch(text))


def normal_phone(text: str) -> str:
    """Drops spaces, hyphens and a leading +86 or 0086, as people type them."""
    bare = re.sub(r"[\s-]", "", text)
    for prefix in ("+86", "0086"):
        if bare.startswith(prefix):
            return bare[len(prefix) :]
    return bare


def mask_phone(phone: str) -> str:
    """`138****5678`."""
    return f"{phone[:3]}****{phone[-4:]}"


def mask_id_number(number: str) -> str:
    """The first three and the last two characters; enough to tell two people apart at a desk."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"
