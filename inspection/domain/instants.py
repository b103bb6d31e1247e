"""Instants: aware UTC with milliseconds, as they stand in entries and on every wire."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
