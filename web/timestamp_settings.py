"""Settings of the outside authorities that stamp checkpoints (RFC 3161)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

MAX_AUTHORITIES = 8


class AuthoritySettings(BaseModel):
    """One authority. `certificates`: PEM with its root and what stands between; without it any signer is taken.

    `is_test`: what it stamps proves nothing, and the record says so.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    name: str = Field(min_length=1, max_length=80)
    certificates: Path | None = None
    is_test: bool = False

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("an address as https://tsa.example.cn/tsr")
        return value


def checked_authorities(authorities: tuple[AuthoritySettings, ...]) -> tuple[AuthoritySettings, ...]:
    """Raises ValueError where there are too many, or two of one name: entries and the queue know them by it."""
    if len(authorities) > MAX_AUTHORITIES:
        raise ValueError(f"at most {MAX_AUTHORITIES} authorities")
    if len({one.name for one in authorities}) != len(authorities):
        raise ValueError("two authorities of one name")
    return authorities
