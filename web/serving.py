"""A running server: the listening sockets, TLS, and one owner of the data folder."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import math
import signal
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from web.certificates import local_context, server_context
from web.console import CommandFailed
from web.lan import best_lan_address
from web.settings import Settings

if TYPE_CHECKING:
    from web.app import Server

BACKLOG = 512
OPEN_REQUESTS_S = 2.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where people reach the server: on this machine, and from others on the LAN (None without a network)."""

    local: str
    lan: str | None

    @property
    def best(self) -> str:
        return self.lan or self.local


def address_of(settings: Settings) -> Address:
    """Origins to print. Behind a proxy or with `public_url` there is one for all."""
    if settings.public_url is not None:
        return Address(settings.public_url, settings.public_url)
    scheme = "https" if settings.is_tls else "http"
    lan = best_lan_address() if settings.host in ("*", "0.0.0.0", "::") and settings.is_tls else None
    host = "localhost" if settings.host in ("*", "0.0.0.0", "::", "127.0.0.1", "::1") else settings.host
    return Address(_origin(scheme, host, settings.port), _origin(scheme, lan, settings.port) if lan else None)


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The given certificate, or one of the office's own authority; None behind a proxy. Raises CertificateError."""
    if not settings.is_tls:
        return None
    if settings.tls_cert is not None and settings.tls_key is not None:
        return server_context(settings.tls_cert, settings.tls_key)
    host = urlsplit(settings.public_url).hostname if settings.public_url else None
    more = (*settings.outer_addresses, *([host] if host else []))
    return local_context(settings.data.resolve() / "tls", more)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Server]:
    """The server answers within the block. Raises CommandFailed where a port or the folder is taken."""
    from aiohttp import web

    from web.app import Server
    from web.door import HEADER_DEADLINE_S, Door, allow_many_handles

    allow_many_handles()
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with only_server(settings.data), contextlib.ExitStack() as sockets:
        bound = [sockets.enter_context(one) for one in bind(settings)]
        context = tls_context(settings)
        server = Server(settings)
        runner: web.AppRunner | None = None
        door: Door | None = None
        try:
            await server.start()
            # Paths hold invitation tokens: no access log.
            runner = web.AppRunner(
                server.app,
                access_log=None,
                shutdown_timeout=OPEN_REQUESTS_S,
                keepalive_timeout=HEADER_DEADLINE_S,
            )
            await runner.setup()
            assert runner.server is not None
            door = Door(settings.door_limits, runner.server, context)
            door.open(bound)
            yield server
        finally:
            if door is not None:
                await door.aclose()
            await server.aclose()
            if runner is not None:
                await runner.cleanup()


def bind(settings: Settings) -> list[socket.socket]:
    """Bound before anything is started, so that a taken port costs nothing. Raises CommandFailed."""
    bound: list[socket.socket] = []
    for host in settings.hosts:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            bound.append(_bind_one(family, host, settings.port))
        except OSError as error:
            if family is socket.AF_INET6 and bound:
                continue  # this machine has no IPv6
            for one in bound:
                one.close()
            raise CommandFailed(f"cannot listen on {host} port {settings.port}: {error.strerror}") from error
    return bound


@contextmanager
def only_server(data: Path) -> Iterator[None]:
    """Holds the folder's lock: two servers on one ledger would each think that they own the recordings."""
    lock_path = data / "run" / "server.lock"
    lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock_path.open("a") as lock:
        if not _locked(lock):
            raise CommandFailed(f"another server is running on {data}")
        yield


async def until_stopped() -> None:
    """Returns at SIGINT or SIGTERM; a second signal then ends the process as usual."""
    stopped, loop = asyncio.Event(), asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stopped.set)
    try:
        await stopped.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def set_up_logging() -> None:
    """To standard error, for the service's journal."""
    from aiohttp.http_exceptions import HttpProcessingError

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("aiohttp.server").addFilter(UnreadableBytes(HttpProcessingError))
    logging.getLogger("engineio.server").addFilter(UnreadableBytes(ValueError))
    for chatty in ("alembic", "aioice", "socketio", "engineio"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class UnreadableBytes(logging.Filter):
    """Of what nobody can read the kind of error is told, never the bytes, in one line and at most one a second.

    The HTTP parser's message repeats the line at fault, which may hold a login's cookie or an invitation's token;
    and a stranger who sends rubbish must not fill the log.
    """

    def __init__(self, kinds: type[Exception], now_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._kinds = kinds
        self._now_s = now_s
        self._next_s = -math.inf
        self._untold = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is told; other errors pass as they are."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, self._kinds):
            return True
        if self._now_s() < self._next_s:
            self._untold += 1
            return False
        record.msg, record.args = "not readable: %s (and %d before)", (type(error).__name__, self._untold)
        record.exc_info = record.exc_text = None
        self._next_s, self._untold = self._now_s() + 1.0, 0
        return True


def _bind_one(family: int, host: str, port: int) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((host, port))
        one.listen(BACKLOG)
    except OSError:
        one.close()
        raise
    return one


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _origin(scheme: str, host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    default = {"https": 443, "http": 80}[scheme]
    return f"{scheme}://{shown}" if port == default else f"{scheme}://{shown}:{port}"
