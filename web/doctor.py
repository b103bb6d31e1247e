"""`yuntakan doctor`: what would keep people out, or stop a recording, said before it happens. Changes nothing."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from web.cli_serve import settings_from
from web.console import FAILED, MISUSED, CommandFailed, language, progress
from web.doctor_network import (
    check_clock,
    check_ipv6,
    check_network,
    check_port,
    check_public_address,
    check_udp_ports,
)
from web.doctor_storage import check_certificate, check_database, check_disk
from web.doctor_timestamps import check_authorities
from web.doctor_turn import Finding, check_own_turn
from web.doctor_words import Language, say
from web.settings import Settings


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Result:
    """One line. BAD: something is not reachable or would fail. `code` is stable, `said` is for a person."""

    level: Level
    what: str
    code: str
    said: str

    def to_json(self) -> dict[str, str]:
        return {"level": self.level.value.lower(), "what": self.what, "code": self.code, "said": self.said}


Check = Callable[[Settings], Iterable[tuple[str, str] | Finding]]
"""Gives `(level, sentence)` or a finding by its code; what it raises is a BAD of its own."""


def doctor(arguments: argparse.Namespace) -> int:
    """Exit status 0: nothing is BAD; 1: something is; 2: asked wrongly."""
    chosen: Language = arguments.language or language()
    with progress("looking"):
        results = list(_examine_server(arguments, chosen) if arguments.server else _examine_here(arguments, chosen))
    is_well = all(result.level is not Level.BAD for result in results)
    if arguments.json:
        print(json.dumps({"ok": is_well, "results": [result.to_json() for result in results]}, ensure_ascii=False))
    else:
        for result in results:
            print(f"{result.level.value:<5} {result.what:<15} {result.said}")
    return 0 if is_well else FAILED


def _examine_here(arguments: argparse.Namespace, chosen: Language) -> Iterator[Result]:
    return examine(settings_from(arguments), chosen)


def _examine_server(arguments: argparse.Namespace, chosen: Language) -> Iterator[Result]:
    from web.cli_user import read_secret_line
    from web.doctor_remote import Visit, examine_server

    parts = urlsplit(arguments.server)
    if parts.scheme != "https" or not parts.hostname:
        raise CommandFailed("--server takes an address as https://tk.example.gov.cn", MISUSED)
    password = read_secret_line(arguments.password_stdin) if arguments.username else ""
    url = f"https://{parts.netloc}"
    visit = Visit(url, arguments.username, password, arguments.role, arguments.ca)
    for what, (level, code, values) in examine_server(visit):
        yield Result(Level(level), what, code, say(code, chosen, **values))


def examine(settings: Settings, chosen: Language = "en") -> Iterator[Result]:
    checks: tuple[tuple[str, Check], ...] = (
        ("certificate", check_certificate),
        ("pages", _check_pages),
        ("TCP port", check_port),
        ("network", check_network),
        ("IPv6", check_ipv6),
        ("UDP ports", check_udp_ports),
        ("public address", check_public_address),
        ("TURN", check_own_turn),
        ("time", check_clock),
        ("time stamps", check_authorities),
        ("disk", check_disk),
        ("database", check_database),
        ("stamp font", _check_font),
        ("relay", _check_relay),
    )
    for what, check in checks:
        plain_code = what.lower().replace(" ", "_")
        try:
            for found in check(settings):
                if len(found) == 3:
                    yield Result(Level(found[0]), what, found[1], say(found[1], chosen, **found[2]))
                else:
                    yield Result(Level(found[0]), what, plain_code, found[1])
        except Exception as error:  # the doctor goes on with the next; whatever broke is the finding
            yield Result(Level.BAD, what, plain_code, f"{type(error).__name__}: {error}")


def _check_pages(_settings: Settings) -> Iterator[Finding]:
    index = Path(__file__).parent / "ui" / "dist" / "index.html"
    yield ("ok", "pages_built", {}) if index.is_file() else ("BAD", "pages_missing", {"folder": str(index.parent)})


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
