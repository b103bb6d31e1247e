"""`yuntakan doctor --server`: what a phone would meet, looked at from another machine.

Without an account: name, pages, certificate, clock. With a staff account the server opens media sockets for some
seconds, and each of their addresses is tried by UDP and through each TURN server.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from web.client import Refused, public_client
from web.doctor_turn import Address, Finding, check_servers, probe_target, turn_urls
from web.turn import parse_turn_url
from web.turn_client import check_of, is_answer

ANSWER_S = 5.0
UDP_S = 2.5
ASK_AGAIN_S = 0.4
CLOCK_LIMIT_S = 60


@dataclass(frozen=True, slots=True)
class Visit:
    """Where to look, and as whom. `ca`: the office's own authority, where it has no public certificate."""

    url: str
    username: str | None
    password: str
    role: str
    ca: Path | None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def trust(self) -> ssl.SSLContext:
        trust = ssl.create_default_context()
        if self.ca is not None:
            trust.load_verify_locations(self.ca)
        return trust


def examine_server(visit: Visit) -> Iterator[tuple[str, Finding]]:
    """(what, finding), in the order in which a browser meets them; ends where nothing more can be tried."""
    found = _check_name(visit)
    yield "name", found
    if found[0] == "BAD":
        return
    for finding in _check_pages(visit):
        yield ("time" if finding[1].startswith("clock") else "pages"), finding
        if finding[0] == "BAD" and not finding[1].startswith("clock"):
            return
    if visit.username is None:
        yield "media", ("note", "media_not_tried", {})
        return
    yield from _check_media(visit)


def _check_name(visit: Visit) -> Finding:
    try:
        found = socket.getaddrinfo(visit.host, 443, type=socket.SOCK_STREAM)
    except OSError as error:
        return "BAD", "server_name", {"host": visit.host, "why": error.strerror or str(error)}
    addresses = ", ".join(dict.fromkeys(str(one[4][0]) for one in found))
    return "ok", "server_addresses", {"host": visit.host, "addresses": addresses}


def _check_pages(visit: Visit) -> Iterator[Finding]:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=visit.trust())
    )
    try:
        with opener.open(f"{visit.url}/healthz", timeout=ANSWER_S) as answer:
            is_ours = b'"relay"' in answer.read(1000)
            date = answer.headers.get("Date")
    except urllib.error.URLError as error:
        yield _why_no_pages(error.reason if isinstance(error.reason, Exception) else error)
        return
    except OSError as error:
        yield _why_no_pages(error)
        return
    yield ("ok", "server_answers", {}) if is_ours else ("BAD", "server_other", {})
    if is_ours and date:
        yield _check_clock(abs(parsedate_to_datetime(date).timestamp() - time.time()))


def _why_no_pages(error: Exception) -> Finding:
    if isinstance(error, ssl.SSLCertVerificationError):
        return "BAD", "server_certificate", {"why": error.verify_message}
    return "BAD", "server_unreachable", {"why": getattr(error, "strerror", None) or str(error)}


def _check_clock(off_s: float) -> Finding:
    said = {"seconds": round(off_s), "limit": CLOCK_LIMIT_S}
    return ("BAD", "clock_differs", said) if off_s > CLOCK_LIMIT_S else ("ok", "clock_agrees", said)


def _check_media(visit: Visit) -> Iterator[tuple[str, Finding]]:
    try:
        probe = asyncio.run(_ask_for_probe(visit))
    except Refused as refused:
        yield "media", ("BAD", "probe_refused", {"why": refused.code})
        return
    candidates = [(one["address"], one["port"]) for one in probe["candidates"]]
    seen = try_udp(candidates, probe["username"], probe["password"])
    reached, silent = list(seen), [one for one in candidates if one not in seen]
    target = _best_target(candidates, probe["ice_servers"])
    through = probe_target(target, probe["username"], probe["password"]) if target else None
    turn = list(check_servers(probe["ice_servers"], through, visit.trust()))
    has_turn = any(level == "ok" for level, _, _ in turn)
    yield from (("media", one) for one in _say_media(reached, silent, list(seen.values()), has_turn))
    yield from (("TURN", one) for one in turn)


async def _ask_for_probe(visit: Visit) -> dict[str, Any]:
    async with public_client(visit.url, visit.role, visit.ca) as client:
        await client.sign_in(visit.username or "", visit.password)
        try:
            return await client.post(f"/api/{visit.role}/network-probe")
        finally:
            await client.post(f"/api/{visit.role}/logout")


def try_udp(candidates: list[Address], username: str, password: str) -> dict[Address, Address]:
    """Which answer an authenticated check in time, with how they see this machine."""
    sockets = {family: socket.socket(family, socket.SOCK_DGRAM) for family in (socket.AF_INET, socket.AF_INET6)}
    checks = {candidate: check_of(username, password) for candidate in candidates}
    seen: dict[Address, Address] = {}
    deadline_s = time.monotonic() + UDP_S
    try:
        while len(seen) < len(candidates) and time.monotonic() < deadline_s:
            for candidate in candidates:
                if candidate not in seen:
                    _send(sockets[_family(candidate)], bytes(checks[candidate]), candidate)
            _collect(list(sockets.values()), checks, seen, time.monotonic() + ASK_AGAIN_S)
    finally:
        for one in sockets.values():
            one.close()
    return seen


def _collect(
    sockets: list[socket.socket], checks: dict[Address, Any], seen: dict[Address, Address], until_s: float
) -> None:
    while len(seen) < len(checks) and (left_s := until_s - time.monotonic()) > 0:
        for one in select.select(sockets, [], [], left_s)[0]:
            data = one.recv(2048)
            for candidate, check in checks.items():
                address = is_answer(data, check)
                if address is not None:
                    seen[candidate] = address


def _send(by: socket.socket, data: bytes, to: Address) -> None:
    try:
        by.sendto(data, to)
    except OSError:
        return  # no route to it from here: it stays silent, which is what is told


def _family(candidate: Address) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in candidate[0] else socket.AF_INET


def _best_target(candidates: list[Address], ice_servers: list[dict[str, Any]]) -> Address | None:
    """Where TURN servers are asked to pass on to: IPv4 first, inner addresses first, for most stand beside the server.

    A TURN server's own address is the last choice, for it denies that.
    """
    own = _addresses_of(ice_servers)
    ordered = sorted(
        candidates, key=lambda one: (one[0] in own, ":" in one[0], not ipaddress.ip_address(one[0]).is_private)
    )
    return ordered[0] if ordered else None


def _addresses_of(ice_servers: list[dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    for text in (text for server in ice_servers for text in turn_urls(server)):
        try:
            url = parse_turn_url(text)
            found |= {str(one[4][0]) for one in socket.getaddrinfo(url.host, url.port)}
        except OSError:
            continue  # the check of that server says so
    return found


def _say_media(reached: list[Address], silent: list[Address], seen: list[Address], has_turn: bool) -> Iterator[Finding]:
    if reached:
        yield "ok", "media_reached", {"reached": _list(reached), "seen": _list(seen[:1])}
        if silent:
            yield "note", "media_partly", {"silent": _list(silent)}
        return
    is_inner = all(ipaddress.ip_address(address).is_private for address, _ in silent)
    yield (
        ("note" if has_turn else "BAD"),
        ("media_private_only" if is_inner else "media_blocked"),
        {"silent": _list(silent)},
    )
    if has_turn:
        yield "ok", "media_by_turn", {}


def _list(addresses: list[Address]) -> str:
    return ", ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in addresses)
