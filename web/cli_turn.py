"""`yuntakan turn-config`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from media.candidates import host_addresses
from web.cli_serve import settings_from
from web.console import MISUSED, CommandFailed
from web.settings import Settings
from web.turn import load_or_create_secret
from web.turn_config import TurnServer, turnserver_conf


def turn_config(arguments: argparse.Namespace) -> int:
    settings = settings_from(arguments)
    if not settings.turn.urls:
        raise CommandFailed("set YUNTAKAN_TURN__URLS first, as turns:turn.example.gov.cn:443?transport=tcp", MISUSED)
    path: Path = arguments.output or settings.data / "turnserver.conf"
    server = turn_server_of(settings)
    try:
        text = turnserver_conf(server)
    except ValueError as error:
        raise CommandFailed(str(error), MISUSED) from error
    _write_private(path, text)
    print(f"wrote {path}; it passes on to {', '.join(server.peers)} only")
    print(f"secret: {settings.turn_secret_file} (restart `yuntakan serve` after a new one)")
    print("give the file to coturn's user, restart coturn, then run: yuntakan doctor")
    return 0


def turn_server_of(settings: Settings) -> TurnServer:
    """Raises TurnError where the secret cannot be used."""
    turn = settings.turn
    return TurnServer(
        urls=turn.parsed_urls,
        secret=load_or_create_secret(settings.turn_secret_file),
        realm=turn.realm_or_host,
        peers=media_addresses(settings),
        listen=turn.listen,
        relay_ports=turn.relay_ports,
        tls_port=turn.tls_port,
        certificate=turn.tls_cert or settings.tls_cert,
        key=turn.tls_key or settings.tls_key,
        user_quota=turn.user_quota,
        total_quota=turn.total_quota,
        max_bps=turn.max_bps,
    )


def media_addresses(settings: Settings) -> list[str]:
    """Where TURN has to reach media. coturn's own address is none of them where media has another."""
    found = list(dict.fromkeys([*host_addresses(settings.relay_config), *settings.outer_addresses]))
    return [address for address in found if address not in settings.turn.listen] or found


def _write_private(path: Path, text: str) -> None:
    """Never readable by others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.new")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    half.replace(path)
