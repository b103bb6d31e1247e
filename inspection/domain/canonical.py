"""Canonical bytes of entries and manifests: RFC 8785 (JCS), restricted to what needs no rounding.

Allowed are str, int within ±(2^53 - 1), bool, None, list (or tuple) and dict with str keys. Floats are refused:
quantities stand as integers in a small unit (`latitude_e7`, `accuracy_cm`). Lone surrogates are refused, since
they have no UTF-8.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

MAX_INT = 2**53 - 1
MAX_DEPTH = 32
_MAX_INT_DIGITS = 17


class CanonicalError(ValueError):
    """A value that has no canonical bytes, or bytes that are not canonical."""


def canonical_bytes(value: Any) -> bytes:
    """UTF-8 without white space, keys in the order of their UTF-16 code units (RFC 8785, section 3.2)."""
    ascii_keys = _require_allowed(value, 0)
    ordered = value if ascii_keys else _ordered(value)
    try:
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"), sort_keys=ascii_keys).encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("a string holds a lone surrogate") from error


def parse_canonical(content: bytes) -> Any:
    """The value of canonical bytes. Raises CanonicalError for anything that is not exactly canonical."""
    try:
        value = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
            parse_int=_parse_int,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CanonicalError("not JSON") from error
    if canonical_bytes(value) != content:
        raise CanonicalError("JSON, but not in canonical form")
    return value


def _require_allowed(value: Any, depth: int) -> bool:
    """Raises CanonicalError for what has no canonical form; whether all keys are ASCII and so sort as they are."""
    if value is None or isinstance(value, (str, bool)):
        return True
    if isinstance(value, int):
        if abs(value) > MAX_INT:
            raise CanonicalError("an integer beyond 2^53 - 1")
        return True
    if depth >= MAX_DEPTH:
        raise CanonicalError("nested too deeply")
    if isinstance(value, (list, tuple)):
        return all([_require_allowed(item, depth + 1) for item in value])
    if isinstance(value, dict):
        return all([_is_ascii(key) & _require_allowed(item, depth + 1) for key, item in value.items()])
    raise CanonicalError(f"{type(value).__name__} has no canonical form")


def _is_ascii(key: Any) -> bool:
    if not isinstance(key, str):
        raise CanonicalError("a key that is no string")
    return key.isascii()


def _ordered(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_ordered(item) for item in value]
    if isinstance(value, dict):
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16_order)}
    return value


def _utf16_order(key: str) -> bytes:
    try:
        return key.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise CanonicalError("a key holds a lone surrogate") from error


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CanonicalError("a key stands twice")
    return found


def _parse_int(digits: str) -> int:
    if len(digits) > _MAX_INT_DIGITS:
        raise CanonicalError("an integer beyond 2^53 - 1")
    return int(digits)


def _refuse_number(digits: str) -> NoReturn:
    raise CanonicalError("a number that is no integer")
