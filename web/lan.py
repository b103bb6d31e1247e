"""The addresses by which other machines on the local network reach this one. Read from the kernel; nothing is sent."""

from __future__ import annotations

import ipaddress

import ifaddr

#: Interfaces that virtual networks of this machine make: phones cannot reach their addresses.
_VIRTUAL = ("docker", "br-", "veth", "virbr", "lxc", "cni", "flannel")


def lan_addresses() -> list[str]:
    """IPv4 addresses, private ones first, then global IPv6 ones; virtual bridges last; no loopback, no link-local."""
    found: list[tuple[tuple[bool, bool, bool], str]] = []
    for adapter in ifaddr.get_adapters():
        is_virtual = adapter.nice_name.startswith(_VIRTUAL)
        for ip in adapter.ips:
            address = ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
                continue
            found.append(((address.version == 6, is_virtual, not address.is_private), str(address)))
    return list(dict.fromkeys(address for _, address in sorted(found, key=lambda one: one[0])))


def best_lan_address() -> str | None:
    """The address to print and to put into QR codes; None on a machine without a network."""
    return next(iter(lan_addresses()), None)
