"""Settings of the relay process. They come from main as JSON; nothing here reads the environment."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from media.codec_names import VIDEO_CODECS


@dataclass(frozen=True, slots=True)
class RelayConfig:
    """Where the relay listens and what it tolerates.

    listen: addresses to bind, of either family; None for all of the host's but loopback and link-local.
    loopback: also bind 127.0.0.1 (demo and tests: a browser on the same machine).
    public_addresses: outer addresses behind 1:1 NAT, `OUTER` or `OUTER/INNER`, named in candidates.
    offer_private: name the bound addresses besides, for people on the same side of the gateway.
    udp_ports: inclusive range to bind in, None for any port.
    silent_after_s: a sender of whom nothing arrives counts as away; until gone_after_s it may go on where it was.
    max_packets_per_s, max_bytes_per_s: what one peer may send; the shares that it uses of both add up to at most one.
    flooding_after_s: after so many seconds in a row over that the peer is closed.
    free_space_floor_bytes: free space at which recording stops, so that the ledger can go on.
    max_small_copies: re-encoded pictures for single viewers with weak lines at a time, each a process of its own.
    video_codecs: what senders are asked to use, the most wanted first; a codec that is not named is not taken.
    """

    listen: tuple[str, ...] | None = None
    loopback: bool = False
    public_addresses: tuple[str, ...] = ()
    offer_private: bool = True
    udp_ports: tuple[int, int] | None = None
    max_peers_per_session: int = 16
    max_sessions: int = 200
    silent_after_s: float = 2.0
    gone_after_s: float = 10.0
    ice_deadline_s: float = 15.0
    dtls_deadline_s: float = 10.0
    max_packets_per_s: int = 4_000
    max_bytes_per_s: int = 8_000_000
    flooding_after_s: int = 5
    free_space_floor_bytes: int = 256 * 1024 * 1024
    max_small_copies: int = 2
    video_codecs: tuple[str, ...] = VIDEO_CODECS

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> RelayConfig:
        """Raises TypeError for an unknown setting, ValueError for what is no JSON."""
        fields: dict[str, Any] = json.loads(text)
        for name in ("listen", "public_addresses", "udp_ports", "video_codecs"):
            if fields.get(name) is not None:
                fields[name] = tuple(fields[name])
        return cls(**fields)
