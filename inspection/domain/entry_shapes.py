"""A small language for the shapes of payloads: a shape takes a value and returns what is wrong with it, or None."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from inspection.domain.instants import parse_rfc3339

Shape = Callable[[Any, bool], str | None]
"""`(value, strict)` → what is wrong. Unknown keys are wrong only where `strict`."""

_HEX64 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")


def text(value: Any, strict: bool) -> str | None:
    """Any string."""
    return None if isinstance(value, str) else "is no text"


def name(value: Any, strict: bool) -> str | None:
    """A string that is not empty."""
    return None if isinstance(value, str) and value else "is no text or empty"


def count(value: Any, strict: bool) -> str | None:
    """An integer from 0."""
    return None if _is_int(value) and value >= 0 else "is no integer from 0"


def integer(value: Any, strict: bool) -> str | None:
    """Any integer."""
    return None if _is_int(value) else "is no integer"


def flag(value: Any, strict: bool) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "is neither true nor false"


def digest(value: Any, strict: bool) -> str | None:
    """A SHA-256 in 64 hexadecimal digits."""
    return None if isinstance(value, str) and _HEX64.fullmatch(value) else "is no SHA-256"


def instant(value: Any, strict: bool) -> str | None:
    """An RFC 3339 text with a zone."""
    try:
        parse_rfc3339(value)
    except (ValueError, TypeError, OverflowError):
        return "is no instant"
    return None


def date(value: Any, strict: bool) -> str | None:
    """A day, `2026-05-06`."""
    return None if isinstance(value, str) and _DATE.fullmatch(value) else "is no day"


def file(value: Any, strict: bool) -> str | None:
    """A plain relative path."""
    return None if isinstance(value, str) and _FILE.fullmatch(value) else "is no plain relative path"


def one_of(*words: str) -> Shape:
    """One word of a closed list."""

    def check(value: Any, strict: bool) -> str | None:
        return None if isinstance(value, str) and value in words else f"is none of {', '.join(words)}"

    return check


def list_of(shape: Shape) -> Shape:
    """A list of values of one shape."""

    def check(value: Any, strict: bool) -> str | None:
        if not isinstance(value, (list, tuple)):
            return "is no list"
        return next((f"[{i}] {wrong}" for i, item in enumerate(value) if (wrong := shape(item, strict))), None)

    return check


def either(*shapes: Shape) -> Shape:
    """A value that fits one of the shapes."""

    def check(value: Any, strict: bool) -> str | None:
        wrongs = [shape(value, strict) for shape in shapes]
        return None if None in wrongs else " or ".join(str(wrong) for wrong in wrongs)

    return check


def record(**fields: Shape) -> Shape:
    """An object with these keys; a key that ends in `_` is optional (absent or null) and named without it."""
    required = {key: shape for key, shape in fields.items() if not key.endswith("_")}
    optional = {key[:-1]: shape for key, shape in fields.items() if key.endswith("_")}

    def check(value: Any, strict: bool) -> str | None:
        if not isinstance(value, dict):
            return "is no object"
        missing = [key for key in required if key not in value]
        if missing:
            return f"lacks {', '.join(missing)}"
        unknown = [str(key) for key in value if key not in required and key not in optional]
        if unknown and strict:
            return f"has unknown {', '.join(unknown)}"
        return _first_wrong(value, required, optional, strict)

    return check


def _first_wrong(
    value: dict[str, Any], required: dict[str, Shape], optional: dict[str, Shape], strict: bool
) -> str | None:
    present = {key: shape for key, shape in optional.items() if value.get(key) is not None}
    for key, shape in (required | present).items():
        if wrong := shape(value[key], strict):
            return f"{key} {wrong}"
    return None


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
