"""A small language for the shapes of payloads: a shape takes a value and returns what is wrong with it, or None.

A personal value has two forms: its writer drafts it clear (`strict`), a reader finds a commitment to it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from inspection.domain.commitments import Path, is_commitment
from inspection.domain.instants import parse_rfc3339
from inspection.domain.retention import RetentionClass

Shape = Callable[[Any, bool], str | None]
"""`(value, strict)` → what is wrong. `strict`: as its writer drafts it, without unknown keys, personal values clear;
else as a reader finds it, with keys that it may not know and commitments in place of personal values."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a personal value stands, and with what it is erased."""

    path: Path
    retention: RetentionClass


class Nested(ABC):
    """A shape that may hold personal values further in (every entry asks: a protocol's check would be slow)."""

    __slots__ = ()

    @abstractmethod
    def places(self, value: Any, strict: bool) -> Iterator[Place]:
        """Where they stand in a value that fits."""


def places(shape: Shape, value: Any, strict: bool) -> Iterator[Place]:
    """Where personal values stand in a value that fits the shape."""
    return shape.places(value, strict) if isinstance(shape, Nested) else iter(())


_HEX64 = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
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
    """RFC 3339 in UTC with milliseconds, and no other way to write it."""
    try:
        if not _INSTANT.fullmatch(value):
            return "is no instant"
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
    return _ListOf(shape)


def either(*shapes: Shape) -> Shape:
    """A value that fits one of the shapes."""
    return _Either(shapes)


def record(**fields: Shape) -> Shape:
    """An object with these keys; a key that ends in `_` is optional (absent or null) and named without it."""
    required = {key: shape for key, shape in fields.items() if not key.endswith("_")}
    optional = {key[:-1]: shape for key, shape in fields.items() if key.endswith("_")}
    return _Record(required, optional)


def personal(shape: Shape, retention: RetentionClass) -> Shape:
    """A value about a person: clear in a draft, `{"c": hex}` in an entry."""
    return _Personal(shape, retention)


@dataclass(frozen=True, slots=True)
class _Personal(Nested):
    shape: Shape
    retention: RetentionClass

    def __call__(self, value: Any, strict: bool) -> str | None:
        if strict:
            return self.shape(value, True)
        return None if is_commitment(value) else "is no commitment"

    def places(self, value: Any, strict: bool) -> Iterator[Place]:
        yield Place((), self.retention)


@dataclass(frozen=True, slots=True)
class _ListOf(Nested):
    shape: Shape

    def __call__(self, value: Any, strict: bool) -> str | None:
        if not isinstance(value, (list, tuple)):
            return "is no list"
        return next((f"[{i}] {wrong}" for i, item in enumerate(value) if (wrong := self.shape(item, strict))), None)

    def places(self, value: Any, strict: bool) -> Iterator[Place]:
        for index, item in enumerate(value):
            yield from _below(index, self.shape, item, strict)


@dataclass(frozen=True, slots=True)
class _Either(Nested):
    shapes: tuple[Shape, ...]

    def __call__(self, value: Any, strict: bool) -> str | None:
        wrongs = [shape(value, strict) for shape in self.shapes]
        return None if None in wrongs else " or ".join(str(wrong) for wrong in wrongs)

    def places(self, value: Any, strict: bool) -> Iterator[Place]:
        fitting = next((shape for shape in self.shapes if shape(value, strict) is None), None)
        return iter(()) if fitting is None else places(fitting, value, strict)


@dataclass(frozen=True, slots=True)
class _Record(Nested):
    required: dict[str, Shape]
    optional: dict[str, Shape]

    def __call__(self, value: Any, strict: bool) -> str | None:
        if not isinstance(value, dict):
            return "is no object"
        missing = [key for key in self.required if key not in value]
        if missing:
            return f"lacks {', '.join(missing)}"
        unknown = [str(key) for key in value if key not in self.required and key not in self.optional]
        if unknown and strict:
            return f"has unknown {', '.join(unknown)}"
        wrongs = ((key, shape(value[key], strict)) for key, shape in self._present(value))
        return next((f"{key} {wrong}" for key, wrong in wrongs if wrong), None)

    def places(self, value: Any, strict: bool) -> Iterator[Place]:
        for key, shape in self._present(value):
            yield from _below(key, shape, value[key], strict)

    def _present(self, value: dict[str, Any]) -> Iterator[tuple[str, Shape]]:
        yield from self.required.items()
        yield from ((key, shape) for key, shape in self.optional.items() if value.get(key) is not None)


def _below(step: str | int, shape: Shape, value: Any, strict: bool) -> Iterator[Place]:
    for place in places(shape, value, strict):
        yield Place((step, *place.path), place.retention)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
