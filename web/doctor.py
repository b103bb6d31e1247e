"""`yuntakan doctor`: what would keep people out, or stop a recording, said before it happens. Changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from web.cli_serve import settings_from
from web.console import FAILED, progress
from web.doctor_network import check_port, check_public_address, check_udp_ports
from web.doctor_storage import check_certificate, check_database, check_disk
from web.lan import lan_addresses
from web.settings import Settings


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Result:
    """One line. BAD: something is not reachable or would fail."""

    level: Level
    what: str
    said: str


Check = Callable[[Settings], Iterable[tuple[str, str]]]
"""Gives `(level, sentence)`; an OSError or a coded refusal while checking is a BAD of its own."""


def doctor(arguments: argparse.Namespace) -> int:
    settings = settings_from(arguments)
    worst = Level.OK
    with progress("looking"):
        results = list(examine(settings))
    for result in results:
        print(f"{result.level.value:<5} {result.what:<15} {result.said}")
        worst = Level.BAD if Level.BAD in (worst, result.level) else worst
    return FAILED if worst is Level.BAD else 0


def examine(settings: Settings) -> Iterator[Result]:
    checks: tuple[tuple[str, Check], ...] = (
        ("certificate", check_certificate),
        ("pages", _check_pages),
        ("TCP port", check_port),
        ("network", _check_network),
        ("UDP ports", check_udp_ports),
        ("public address", check_public_address),
        ("disk", check_disk),
        ("database", check_database),
        ("stamp font", _check_font),
        ("relay", _check_relay),
    )
    for what, check in checks:
        try:
            for level, said in check(settings):
                yield Result(Level(level), what, said)
        except Exception as error:  # the doctor goes on with the next; whatever broke is the finding
            yield Result(Level.BAD, what, f"{type(error).__name__}: {error}")


def _check_pages(_settings: Settings) -> Iterator[tuple[str, str]]:
    index = Path(__file__).parent / "ui" / "dist" / "index.html"
    yield ("ok", "built") if index.is_file() else ("BAD", f"{index.parent} is not built: run `make ui`")


def _check_network(settings: Settings) -> Iterator[tuple[str, str]]:
    addresses = lan_addresses()
    if not addresses:
        yield "note", "no address but loopback: phones cannot reach this machine"
    elif not any(host in ("0.0.0.0", "::", *addresses) for host in settings.hosts):
        yield "note", f"listens on {', '.join(settings.hosts)} only"
    else:
        yield "ok", f"reachable on the LAN as {', '.join(addresses)}, as far as firewalls let"


def _check_font(settings: Settings) -> Iterator[tuple[str, str]]:
    from media.fonts import open_font

    kept = Path(settings.stills_config.cache_directory)
    with tempfile.TemporaryDirectory() as scratch:
        font = open_font(kept if kept.is_dir() else Path(scratch))
        missing = font.missing_characters(settings.office.unit_name + "踏勘核查整改𠮷龘")
        if missing:
            yield "note", f"{font.path.name} lacks {missing}; Debian's fonts-noto-cjk has more of the rare names"
        else:
            yield "ok", font.path.name


def _check_relay(settings: Settings) -> Iterator[tuple[str, str]]:
    with _short_folder() as folder:
        asyncio.run(_start_relay(settings, folder / "relay.sock"))
    yield "ok", "starts and stops"


async def _start_relay(settings: Settings, socket_path: Path) -> None:
    from media.relay_supervisor import RelaySupervisor

    relay = RelaySupervisor(settings.relay_config, socket_path)
    try:
        await relay.start()
    finally:
        await relay.aclose()


@contextmanager
def _short_folder() -> Iterator[Path]:
    """Paths of Unix sockets have some hundred bytes at most."""
    with tempfile.TemporaryDirectory(prefix="ytk-", dir="/tmp") as folder:
        yield Path(folder)
