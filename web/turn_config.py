"""A complete `turnserver.conf` for coturn beside this server. Pure: settings in, text out.

The TURN server passes on to this server's media addresses and to nothing else (ASVS 5.0, 17.1.1): everything is denied,
then these are allowed. Should somebody loosen the first line, the special ranges of RFC 6890 are still denied each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from web.turn import TurnUrl

EVERYTHING = ("0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
SPECIAL_RANGES = (
    "0.0.0.0-0.255.255.255",
    "10.0.0.0-10.255.255.255",
    "100.64.0.0-100.127.255.255",
    "127.0.0.0-127.255.255.255",
    "169.254.0.0-169.254.255.255",
    "172.16.0.0-172.31.255.255",
    "192.0.0.0-192.0.0.255",
    "192.0.2.0-192.0.2.255",
    "192.88.99.0-192.88.99.255",
    "192.168.0.0-192.168.255.255",
    "198.18.0.0-198.19.255.255",
    "198.51.100.0-198.51.100.255",
    "203.0.113.0-203.0.113.255",
    "224.0.0.0-255.255.255.255",
    "::1",
    "64:ff9b::-64:ff9b::ffff:ffff",
    "::ffff:0.0.0.0-::ffff:255.255.255.255",
    "100::-100::ffff:ffff:ffff:ffff",
    "2001::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::-2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "ff00::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
)


@dataclass(frozen=True, slots=True)
class TurnServer:
    """What coturn is told. `peers`: the media addresses of this server; `max_bps`: bytes a second per allocation."""

    urls: Sequence[TurnUrl]
    secret: str = field(repr=False)
    realm: str
    peers: Sequence[str]
    listen: Sequence[str]
    relay_ports: tuple[int, int]
    tls_port: int | None
    certificate: Path | None
    key: Path | None
    user_quota: int
    total_quota: int
    max_bps: int


def turnserver_conf(server: TurnServer) -> str:
    """The file's text; it holds the secret. Raises ValueError where TLS is offered without a certificate."""
    sections = [
        ["# coturn for YunTaKan, written by `yuntakan turn-config`. It holds the secret: mode 0600, owner turnserver.",
         "# Use coturn 4.18.0 or newer: older ones have published faults (docs/operations.md)."],
        _listening(server),
        [f"min-port={server.relay_ports[0]}", f"max-port={server.relay_ports[1]}"],
        ["# Who may come in: holders of credentials that this server made, for minutes.",
         "use-auth-secret", f"static-auth-secret={server.secret}", f"realm={server.realm}", "fingerprint",
         "stale-nonce=600"],
        ["# How much: allocations per person and in all, bytes a second of each.",
         f"user-quota={server.user_quota}", f"total-quota={server.total_quota}", f"max-bps={server.max_bps}"],
        ["# What is not needed.", "no-tcp-relay", "no-multicast-peers", "no-cli", "no-rfc5780",
         "no-software-attribute"],
        ["# Where to: this server's media and nowhere else. An allowed address wins over a denied range.",
         *(f"denied-peer-ip={one}" for one in (*EVERYTHING, *SPECIAL_RANGES)),
         *(f"allowed-peer-ip={one}" for one in server.peers)],
        ["log-file=stdout", "simple-log"],
    ]  # fmt: skip
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def _listening(server: TurnServer) -> list[str]:
    lines = [f"listening-ip={one}" for one in server.listen] + [f"relay-ip={one}" for one in server.listen]
    plain = [url for url in server.urls if url.transport != "tls"]
    tls = [url for url in server.urls if url.transport == "tls"]
    if plain:
        lines.append(f"listening-port={_one_port(plain)}")
    for transport in ("udp", "tcp"):
        if all(url.transport != transport for url in plain):
            lines.append(f"no-{transport}")
    if not tls:
        return [*lines, "no-tls", "no-dtls"]
    if server.certificate is None or server.key is None:
        raise ValueError("a turns: address needs a certificate: set YUNTAKAN_TURN__TLS_CERT and YUNTAKAN_TURN__TLS_KEY")
    lines += [
        f"tls-listening-port={server.tls_port or _one_port(tls)}",
        f"cert={server.certificate}",
        f"pkey={server.key}",
    ]
    return [*lines, "no-dtls"]


def _one_port(urls: Sequence[TurnUrl]) -> int:
    """coturn has one port for TURN and one for TURN over TLS. Raises ValueError for more."""
    ports = {url.port for url in urls}
    if len(ports) > 1:
        raise ValueError(f"coturn listens on one port of each kind, not on {', '.join(map(str, sorted(ports)))}")
    return ports.pop()
