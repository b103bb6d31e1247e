"""Settings of a server. The only place that reads the environment; command-line flags win over it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from inspection.domain.errors import InspectionError
from inspection.services.ports import OfficeRules
from media.candidates import split_public
from media.codec_names import VIDEO_CODECS
from media.config import RelayConfig
from media.stills_port import StillsConfig
from web.door import DoorLimits
from web.lan import lan_addresses
from web.ranges import HIGHEST_PORT, parse_ports
from web.timestamp_settings import AuthoritySettings, checked_authorities
from web.turn import TurnCredentials, read_secret
from web.turn_settings import TurnSettings

PREFIX = "YUNTAKAN_"


class SettingsError(Exception):
    """A setting that cannot be; the message is one line for a person."""


class OfficeSettings(BaseModel):
    """What an office calls itself, and how long it keeps and admits: see `OfficeRules`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit_name: str = "示范县行政审批局"
    unit_name_en: str = "Shifan County Administrative Approval Bureau"
    sms_name: str = "示范县审批局"
    portal_name: str = "示范政务"
    phone: str = "12345"
    notice_basis: str = "《行政许可法》第三十四条"
    notice_basis_en: str = "Article 34 of the Administrative Licensing Law"
    kept_years: int = Field(default=5, ge=1, le=100)
    kept_media_years: int | None = Field(default=None, ge=1, le=100)
    least_years: int | None = Field(default=None, ge=0, le=100)
    invitation_hours: int = Field(default=24, ge=1, le=24 * 30)
    code_interval_s: int = Field(default=60, ge=1, le=3600)
    codes_per_hour: int = Field(default=5, ge=1, le=1000)
    timezone: str = "Asia/Shanghai"


class Settings(BaseSettings):
    """Each is a variable `YUNTAKAN_…` (`YUNTAKAN_OFFICE__UNIT_NAME` below `office`); most are a flag of `serve` too."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, arbitrary_types_allowed=True
    )

    data: Path = Path("data")
    host: str = "*"
    port: int = Field(default=8443, ge=1, le=HIGHEST_PORT)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    public_url: str | None = None
    public_address: Annotated[tuple[str, ...], NoDecode] = ()
    offer_private: bool = True
    udp_ports: Annotated[tuple[int, int] | None, NoDecode] = None
    relay_loopback: bool | None = None
    ice_servers: tuple[dict[str, Any], ...] = ()
    turn: TurnSettings = TurnSettings()
    office_certificate: Path | None = None
    map_tile_url: str = ""
    map_attribution: str = ""
    sign_command: str = ""
    master_command: str = ""
    free_space_floor_bytes: int = Field(default=256 * 1024 * 1024, ge=0)
    max_connections: int = Field(default=2000, ge=1)
    max_connections_per_address: int = Field(default=256, ge=1)
    video_codecs: Annotated[tuple[str, ...], NoDecode] = VIDEO_CODECS
    timestamp_authorities: tuple[AuthoritySettings, ...] = ()
    timestamp_every_s: float = Field(default=300.0, ge=1, le=86_400)
    office: OfficeSettings = OfficeSettings()

    @property
    def door_limits(self) -> DoorLimits:
        """Our own proxies stand for everybody behind them: they count in all only."""
        return DoorLimits(self.max_connections, self.max_connections_per_address, self.trusted_proxies)

    @property
    def rules(self) -> OfficeRules:
        """Raises InspectionError where names are too long for the notice; `read_settings` has seen to that."""
        return OfficeRules(**self.office.model_dump())

    @property
    def relay_config(self) -> RelayConfig:
        """Loopback candidates are offered when asked for, or where the machine has no other address."""
        loopback = self.relay_loopback if self.relay_loopback is not None else not lan_addresses()
        return RelayConfig(
            loopback=loopback,
            public_addresses=self.public_address,
            offer_private=self.offer_private,
            udp_ports=self.udp_ports,
            free_space_floor_bytes=self.free_space_floor_bytes,
            video_codecs=self.video_codecs,
        )

    @property
    def outer_addresses(self) -> tuple[str, ...]:
        """The addresses of `public_address`, without what each stands for."""
        return tuple(split_public(text)[0] for text in self.public_address)

    @property
    def turn_secret_file(self) -> Path:
        return self.turn.secret_file or self.data.resolve() / "keys" / "turn-secret"

    def find_turn_credentials(self) -> TurnCredentials | None:
        """None where no TURN server is set. Raises TurnError where its secret cannot be read."""
        if not self.turn.urls:
            return None
        return TurnCredentials(self.turn.urls, read_secret(self.turn_secret_file), self.turn.ttl_s)

    @property
    def stills_config(self) -> StillsConfig:
        return StillsConfig(cache_directory=str(self.data.resolve() / "cache" / "fonts"))

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses to listen on. `*`: all of IPv4 and IPv6; behind a proxy on this machine only its loopback."""
        if self.host != "*":
            return (self.host,)
        return ("127.0.0.1", "::1") if self.behind_proxy else ("0.0.0.0", "::")

    @property
    def is_tls(self) -> bool:
        """Whether this process speaks TLS itself; behind a proxy it does not."""
        return not self.behind_proxy

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment; no dotenv file, no secrets folder."""
        return init_settings, env_settings

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("video_codecs", mode="before")
    @classmethod
    def _codecs(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        names = [part.strip().upper() for part in value.split(",")]
        if not names or len(set(names)) != len(names) or not set(names) <= set(VIDEO_CODECS):
            raise ValueError("vp8,h264 or one of them: what phones are asked to send, the most wanted first")
        return tuple(names)

    @field_validator("udp_ports", mode="before")
    @classmethod
    def _port_range(cls, value: Any) -> Any:
        return parse_ports(value) if isinstance(value, str) else value

    @field_validator("public_address", mode="before")
    @classmethod
    def _literal_addresses(cls, value: Any) -> Any:
        """`OUTER`, or `OUTER/INNER` where the machine has several, by commas."""
        parts = value.split(",") if isinstance(value, str) else value
        pairs = [split_public(part) for part in parts if part.strip()]
        return tuple(outer if inner is None else f"{outer}/{inner}" for outer, inner in pairs)

    @field_validator("timestamp_authorities")
    @classmethod
    def _authorities(cls, value: tuple[AuthoritySettings, ...]) -> tuple[AuthoritySettings, ...]:
        return checked_authorities(value)

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/") or parts.query:
            raise ValueError("an origin as https://tk.example.gov.cn")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("map_tile_url")
    @classmethod
    def _tile_template(cls, value: str) -> str:
        if value and not (value.startswith("https://") and all(f"{{{part}}}" in value for part in "xyz")):
            raise ValueError("an https address with {z}, {x} and {y}")
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.behind_proxy and not self.trusted_proxies:
            raise ValueError("behind_proxy needs trusted_proxies: the networks that forwarded headers are taken from")
        if self.behind_proxy and self.tls_cert is not None:
            raise ValueError("behind_proxy and tls_cert exclude each other: the proxy holds the certificate")
        return self


def read_settings(flags: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings from flags (None: not given) and the environment. Raises SettingsError."""
    _refuse_unknown(os.environ if environment is None else environment)
    try:
        settings = Settings(**{name: value for name, value in flags.items() if value is not None})
        _ = settings.rules
    except ValidationError as error:
        raise SettingsError(_first_line(error)) from error
    except (InspectionError, json.JSONDecodeError, ValueError) as error:
        raise SettingsError(str(error)) from error
    return settings


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    """A misspelt variable would silently mean the default."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environment:
        if name.upper().startswith(PREFIX) and name.upper().split("__")[0] not in known:
            raise SettingsError(f"{name}: no such setting")


def _first_line(error: ValidationError) -> str:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
