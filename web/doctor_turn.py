"""The doctor's look at a TURN server, as a browser uses it: reach it, get an address, get through to media."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from media.candidates import host_addresses
from media.udp_ports import bind_udp
from web.settings import Settings
from web.turn import TurnCredentials, TurnUrl, parse_turn_url
from web.turn_client import TurnClient, TurnRefused, TurnSilent, check_of, is_answer

THROUGH_S = 2.0
ASK_AGAIN_S = 0.3
FORBIDDEN, UNAUTHORISED = 403, 401
WORD = b"yuntakan doctor"
DAY_S = 24 * 3600

Address = tuple[str, int]
Finding = tuple[str, str, dict[str, Any]]
"""(level, code of `web.doctor_words`, its values)"""


@dataclass(frozen=True, slots=True)
class Target:
    """Media that a TURN server has to reach. `send`: what to send there; `came`: whether what came back answers it."""

    peer: Address
    word: bytes
    came: Callable[[bytes], bool]


def check_servers(
    ice_servers: Sequence[dict[str, Any]], target: Target | None, trust: ssl.SSLContext
) -> Iterator[Finding]:
    """Each TURN address of a browser's `iceServers`; STUN servers are left aside."""
    tried = 0
    has_tls443 = False
    for server in ice_servers:
        for text in turn_urls(server):
            tried += 1
            url = parse_turn_url(text)
            has_tls443 |= url.transport == "tls" and url.port == 443
            yield check_turn(url, str(server.get("username", "")), str(server.get("credential", "")), target, trust)
    if not tried:
        yield "note", "turn_none", {}
    elif not has_tls443:
        yield "note", "turn_no_tls443", {}


def turn_urls(server: dict[str, Any]) -> list[str]:
    urls = server["urls"] if isinstance(server["urls"], list) else [server["urls"]]
    return [text for text in urls if text.startswith(("turn:", "turns:"))]


def check_turn(url: TurnUrl, username: str, password: str, target: Target | None, trust: ssl.SSLContext) -> Finding:
    """The first thing that does not work, or that all does."""
    began_s = time.monotonic()
    said: dict[str, Any] = {"url": url.text, "peer": _shown(target.peer) if target else "-"}
    try:
        with TurnClient(url, username, password, trust) as client:
            client.allocate()
            if target is not None and not _gets_through(client, target):
                return "BAD", "turn_no_media", said
    except TurnRefused as refused:
        codes = {UNAUTHORISED: "turn_unauthorised", FORBIDDEN: "turn_forbidden"}
        return "BAD", codes.get(refused.code, "turn_refused"), {**said, "why": str(refused)}
    except TurnSilent:
        return "BAD", "turn_silent", said
    except ssl.SSLCertVerificationError as error:
        return "BAD", "turn_certificate", {**said, "why": error.verify_message}
    except OSError as error:
        return "BAD", "turn_unreachable", {**said, "why": error.strerror or str(error)}
    return "ok", "turn_works", {**said, "took_ms": round((time.monotonic() - began_s) * 1000)}


def check_own_turn(settings: Settings, now_s: Callable[[], float] = time.time) -> Iterator[Finding]:
    """From this machine, against a media socket made for it. Raises TurnError where the secret cannot be read."""
    credentials = settings.find_turn_credentials()
    trust = trust_of(settings)
    servers = [*settings.ice_servers, *([credentials.ice_server("doctor", now_s())] if credentials else [])]
    with _echo(settings) as target:
        for level, code, said in check_servers(servers, target, trust):
            if code == "turn_unauthorised" and credentials is not None:
                lasting = replace(credentials, ttl_s=credentials.ttl_s + DAY_S)
                yield level, _why_refused(lasting, said["url"], trust, now_s()), said
            else:
                yield level, code, said


def _why_refused(lasting: TurnCredentials, url: str, trust: ssl.SSLContext, now_s: float) -> str:
    """Credentials that last a day longer tell a clock that is ahead from another secret."""
    server = lasting.ice_server("doctor", now_s)
    again = check_turn(parse_turn_url(url), server["username"], server["credential"], None, trust)
    return "turn_clock" if again[0] == "ok" else "turn_unauthorised"


def trust_of(settings: Settings) -> ssl.SSLContext:
    """The system's authorities and, where it is used, the office's own."""
    trust = ssl.create_default_context()
    own = settings.data / "tls" / "ca.crt"
    if own.is_file():
        trust.load_verify_locations(own)
    return trust


def probe_target(peer: Address, username: str, password: str) -> Target:
    """A media socket of a server elsewhere, which answers authenticated checks."""
    check = check_of(username, password)
    return Target(peer, bytes(check), lambda data: is_answer(data, check) is not None)


def _gets_through(client: TurnClient, target: Target) -> bool:
    client.permit(target.peer)
    deadline_s = time.monotonic() + THROUGH_S
    while time.monotonic() < deadline_s:
        client.send(target.word, target.peer)
        received = client.receive(ASK_AGAIN_S)
        if received is not None and target.came(received[0]):
            return True
    return False


@contextmanager
def _echo(settings: Settings) -> Iterator[Target | None]:
    """A socket as media has it, that sends back what comes; None on a machine without a network."""
    found = host_addresses(settings.relay_config)
    addresses = [address for address in found if address not in settings.turn.listen] or found
    if not addresses:
        yield None
        return
    with bind_udp(addresses[0], settings.udp_ports) as bound:
        bound.setblocking(True)
        with _answering(bound):
            yield Target(bound.getsockname()[:2], WORD, lambda data: data == WORD)


@contextmanager
def _answering(bound: socket.socket) -> Iterator[None]:
    from threading import Thread

    def answer() -> None:
        while True:
            data, sender = bound.recvfrom(2048)
            if data == b"":
                return
            bound.sendto(data, sender)

    thread = Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with socket.socket(bound.family, socket.SOCK_DGRAM) as stopper:
            stopper.sendto(b"", bound.getsockname())
        thread.join(THROUGH_S)


def _shown(address: Address) -> str:
    return f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
