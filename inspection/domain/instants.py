"""Instants: aware UTC with milliseconds, as they stand in entries and on every wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from inspection.domain.errors import field_invalid

_FIRST_YEAR, _LAST_YEAR = 1969, 2201
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def checked_instant(field: str, at: datetime) -> datetime:
    """The instant in UTC, or `field_invalid`: without a zone, or outside of 1970 to 2200."""
    if at.tzinfo is None or not _FIRST_YEAR < at.year < _LAST_YEAR:
        raise field_invalid(field, f"needs a zone and a year from {_FIRST_YEAR + 1} to {_LAST_YEAR - 1}")
    return at.astimezone(UTC)


def rfc3339_ms(at: datetime) -> str:
    """`2026-05-06T01:30:00.000Z`; rounds down to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_rfc3339(text: str) -> datetime:
    """The aware UTC instant; ValueError where there is no zone or no date."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC)


def from_unix_us(unix_us: int) -> datetime:
    """From microseconds since 1970, exactly."""
    return _EPOCH + timedelta(microseconds=unix_us)


def to_unix_us(at: datetime) -> int:
    """Microseconds since 1970, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)
