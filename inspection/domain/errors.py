"""The closed set of error kinds and the one exception of the inspection package."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What an edge needs to know to choose a status; the code says the rest."""

    INVALID = "invalid"
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class InspectionError(Exception):
    """A refusal with a stable `code` (snake_case); `field` names the input at fault where there is one.

    `retry_after_s` is set where waiting helps. The message is for logs and developers: it never holds
    secrets, identity numbers, phone numbers or positions; people read a text chosen by the code.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        *,
        field: str | None = None,
        retry_after_s: int | None = None,
        tries_left: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.kind = kind
        self.code = code
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s
        self.tries_left = tries_left


def field_invalid(field: str, why: str) -> InspectionError:
    """An input that is not of the asked form."""
    return InspectionError(Kind.INVALID, "field_invalid", f"{field}: {why}", field=field)


def not_found(what: str = "object") -> InspectionError:
    """Unknown and forbidden answer alike, so that nobody learns what exists."""
    return InspectionError(Kind.NOT_FOUND, "unknown", f"no such {what}")


def conflict(code: str, message: str) -> InspectionError:
    """The object is in a state that does not admit the command."""
    return InspectionError(Kind.CONFLICT, code, message)
