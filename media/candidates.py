"""Which addresses the relay listens on, and which it names in its descriptions. Pure but for the list of interfaces.

Behind 1:1 NAT the outer address is named as well (`public_addresses`): people outside reach that one, people inside the
office's network the bound one, and each one's browser finds out by itself (RFC 8445). Loopback and link-local addresses
are no candidates, but loopback where it is asked for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

import ifaddr

from media.config import RelayConfig

LOOPBACK = "127.0.0.1"
#: Each is a socket for every connection; privacy addresses of IPv6 can be many.
MAX_ADDRESSES = 8
COMPONENT = 1
HOST_PREFERENCE = 126


def listen_addresses(config: RelayConfig, of_host: Iterable[str]) -> list[str]:
    """Addresses to bind: IPv4 first, then IPv6, at most `MAX_ADDRESSES`. `of_host`: all that the interfaces have."""
    chosen = list(config.listen) if config.listen is not None else [a for a in of_host if _is_reachable(a)]
    chosen.sort(key=lambda address: ":" in address)
    chosen = list(dict.fromkeys(chosen))[:MAX_ADDRESSES]
    if config.loopback and LOOPBACK not in chosen:
        chosen.append(LOOPBACK)
    return chosen


def host_addresses(config: RelayConfig) -> list[str]:
    """`listen_addresses` of this machine as it is now."""
    if config.listen is not None:
        return listen_addresses(config, ())
    found = (ip.ip if isinstance(ip.ip, str) else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    return listen_addresses(config, found)


def described(config: RelayConfig, bound: Sequence[tuple[str, int]]) -> tuple[tuple[int, str, int], ...]:
    """(priority, address, port) for each candidate line, the most useful first: outer addresses, then bound ones."""
    outer = [(public, port) for address, port in bound for public in public_of(config, address)]
    inner = [
        (address, port) for address, port in bound if config.offer_private or not public_of(config, address)
    ]  # fmt: skip
    named = list(dict.fromkeys(outer + inner))
    return tuple((_priority(65535 - index), address, port) for index, (address, port) in enumerate(named))


def public_of(config: RelayConfig, address: str) -> list[str]:
    """The outer addresses of a bound one: those given for it by name, else those given for its family."""
    if ipaddress.ip_address(address).is_loopback:
        return []
    pairs = [split_public(text) for text in config.public_addresses]
    own = [public for public, private in pairs if private == address]
    return own or [public for public, private in pairs if private is None and (":" in public) == (":" in address)]


def split_public(text: str) -> tuple[str, str | None]:
    """`OUTER` or `OUTER/INNER` as canonical addresses. Raises ValueError for anything else."""
    outer, slash, inner = text.partition("/")
    public = ipaddress.ip_address(outer.strip())
    if not slash:
        return str(public), None
    private = ipaddress.ip_address(inner.strip())
    if private.version != public.version:
        raise ValueError(f"{text}: both addresses have to be of one family")
    return str(public), str(private)


def _priority(local_preference: int) -> int:
    """RFC 8445 section 5.1.2.1."""
    return HOST_PREFERENCE << 24 | local_preference << 8 | 256 - COMPONENT


def _is_reachable(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified or parsed.is_multicast)
