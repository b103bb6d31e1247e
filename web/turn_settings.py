"""The settings of TURN: `YUNTAKAN_TURN__…`."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_settings import NoDecode

from web.ranges import HIGHEST_PORT, parse_ports
from web.turn import TurnUrl, parse_turn_url

#: Credentials outlive the session that they were made for by no more than this.
LONGEST_TTL_S = 600
REFRESHES_PER_TTL = 3


class TurnSettings(BaseModel):
    """A coturn of the office's own. Without `urls` there is none.

    ttl_s: how long credentials are good; who is in a session gets new ones in time.
    The rest is for `yuntakan turn-config`: `listen` are coturn's own addresses, `tls_port` where it takes TLS when
    a router in front takes the addresses' port, `max_bps` bytes a second.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    urls: Annotated[tuple[str, ...], NoDecode] = ()
    secret_file: Path | None = None
    ttl_s: int = Field(default=LONGEST_TTL_S, ge=60, le=LONGEST_TTL_S)
    realm: str = Field(default="", pattern=r"^[A-Za-z0-9.-]*$")
    listen: Annotated[tuple[str, ...], NoDecode] = ()
    relay_ports: Annotated[tuple[int, int], NoDecode] = (49152, 49951)
    tls_port: int | None = Field(default=None, ge=1, le=HIGHEST_PORT)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    user_quota: int = Field(default=32, ge=1, le=1000)
    total_quota: int = Field(default=800, ge=1, le=100_000)
    max_bps: int = Field(default=640_000, ge=10_000)

    @property
    def parsed_urls(self) -> list[TurnUrl]:
        return [parse_turn_url(text) for text in self.urls]

    @property
    def realm_or_host(self) -> str:
        return self.realm or next((url.host for url in self.parsed_urls), "")

    @field_validator("urls", "listen", mode="before")
    @classmethod
    def _by_commas(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("listen")
    @classmethod
    def _literal_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_address(one)) for one in value)

    @field_validator("relay_ports", mode="before")
    @classmethod
    def _port_range(cls, value: Any) -> Any:
        return parse_ports(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _ = self.parsed_urls
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        return self
