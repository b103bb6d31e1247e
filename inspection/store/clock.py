"""The machine's wall clock and randomness."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


class SystemClock:
    """The wall clock, UTC."""

    def now(self) -> datetime:
        """The instant."""
        return datetime.now(UTC)


class SystemRandom:
    """The operating system's generator."""

    def token_bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        return secrets.token_bytes(count)
