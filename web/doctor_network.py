"""The doctor's look at ports and addresses. Nothing is sent but to this server's own addresses."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

from media.candidates import host_addresses
from web.doctor_turn import Finding
from web.lan import lan_addresses
from web.settings import Settings

PORTS_PER_SESSION = 8  # two connections for each of applicant, two inspectors and a guest
ANSWER_S = 1.0
TIMEX_BYTES = 512  # struct timex has 208 on 64-bit machines
CLOCK_UNSYNCHRONISED = 5  # TIME_ERROR


def check_port(settings: Settings) -> Iterator[Finding]:
    """Whether the pages' port is free, or answered by a server of ours."""
    for host in settings.hosts:
        said = {"host": host, "port": settings.port}
        error = _bind_error(socket.SOCK_STREAM, host, settings.port)
        if error is None:
            yield "ok", "tcp_free", said
        elif ":" in host and not socket.has_ipv6:
            yield "note", "tcp_no_ipv6", {}
        elif error == "Address already in use" and _is_ours(settings):
            yield "ok", "tcp_ours", said
        elif ":" in host:
            yield "note", "tcp_ipv4_alone", {**said, "why": error}
        else:
            yield "BAD", "tcp_taken", {**said, "why": error}


def check_network(settings: Settings) -> Iterator[Finding]:
    """By which addresses phones on the same network reach this machine."""
    addresses = lan_addresses()
    if not addresses:
        yield "note", "lan_none", {}
    elif not any(host in ("0.0.0.0", "::", *addresses) for host in settings.hosts):
        yield "note", "lan_not_listening", {"hosts": ", ".join(settings.hosts)}
    else:
        yield "ok", "lan_reachable", {"addresses": ", ".join(addresses)}


def check_udp_ports(settings: Settings) -> Iterator[Finding]:
    """Whether media can get ports; a running server holds some of them."""
    if settings.udp_ports is None:
        error = _bind_error(socket.SOCK_DGRAM, "0.0.0.0", 0)
        yield ("ok", "udp_any", {}) if not error else ("BAD", "udp_none", {"why": error})
        return
    first, last = settings.udp_ports
    ports = range(first, last + 1)
    hosts = [host for host in lan_addresses() if ":" not in host] or ["127.0.0.1"]
    free = sum(all(_bind_error(socket.SOCK_DGRAM, host, port) is None for host in hosts) for port in ports)
    said = {"free": free, "count": len(ports), "range": f"{first}-{last}", "sessions": free // PORTS_PER_SESSION}
    yield ("ok" if free >= PORTS_PER_SESSION else "BAD"), "udp_range", said


def check_public_address(settings: Settings) -> Iterator[Finding]:
    """Sends itself a datagram by each public address."""
    if not settings.outer_addresses:
        yield "ok", "outer_none", {}
        return
    for address in settings.outer_addresses:
        yield from _check_outer(address, settings)
    if settings.udp_ports is None:
        yield "BAD", "outer_without_range", {}


def _check_outer(address: str, settings: Settings) -> Iterator[Finding]:
    is_own = address in lan_addresses()
    came_back = comes_back(address)
    said = {"address": address, "range": _range_words(settings)}
    if is_own and not came_back:
        yield "BAD", "outer_own_silent", said
    else:
        yield ("ok", "outer_arrives", said) if came_back else ("note", "outer_silent", said)
    if ipaddress.ip_address(address).is_private and not is_own:
        yield "note", "outer_private", said


def check_ipv6(settings: Settings) -> Iterator[Finding]:
    """Which IPv6 addresses media is offered at."""
    found = [address for address in host_addresses(settings.relay_config) if ":" in address]
    if any(ipaddress.ip_address(address).is_global for address in found):
        yield "ok", "ipv6_offered", {"addresses": ", ".join(found)}
    else:
        yield "ok", "ipv6_none", {}


def check_clock(_settings: Settings) -> Iterator[Finding]:
    """Whether the kernel's clock is disciplined (adjtimex)."""
    state = _clock_state()
    if state is None:
        yield "note", "clock_unknown", {}
    else:
        yield ("note", "clock_free", {}) if state == CLOCK_UNSYNCHRONISED else ("ok", "clock_synchronised", {})


def _clock_state() -> int | None:
    """What adjtimex(2) answers when it is only asked; None where there is none."""
    try:
        return int(ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES)))
    except (OSError, AttributeError):
        return None


def comes_back(address: str) -> bool:
    """Whether a datagram of ours to that address reaches us; on a route that does not exist it does not."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.settimeout(ANSWER_S)
        try:
            probe.bind(("", 0))
            port = probe.getsockname()[1]
            probe.sendto(b"yuntakan doctor", (address, port))
            return probe.recv(64) == b"yuntakan doctor"
        except OSError:
            return False


def _range_words(settings: Settings) -> str:
    return f"{settings.udp_ports[0]}-{settings.udp_ports[1]}" if settings.udp_ports else "(--udp-ports)"


def _bind_error(kind: socket.SocketKind, host: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((host, port))
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return None


def _is_ours(settings: Settings) -> bool:
    """Whether /healthz answers on this machine; its name is not checked here, the certificate's check does that."""
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    scheme = "https" if settings.is_tls else "http"
    address = f"{scheme}://127.0.0.1:{settings.port}/healthz"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    try:
        with opener.open(address, timeout=ANSWER_S * 3) as answer:
            return b'"relay"' in answer.read(1000)
    except (OSError, urllib.error.URLError, ValueError):
        return False
