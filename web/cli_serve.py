"""`yuntakan serve`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack

import uvloop

from web.console import progress
from web.serving import address_of, running, set_up_logging, until_stopped
from web.settings import Settings, read_settings

SETTING_FLAGS = (
    "data", "port", "host", "tls_cert", "tls_key", "behind_proxy", "trusted_proxies", "public_url",
    "public_address", "udp_ports",
)  # fmt: skip


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Raises SettingsError."""
    return read_settings({name: getattr(arguments, name, None) for name in SETTING_FLAGS})


def serve(arguments: argparse.Namespace) -> int:
    set_up_logging()
    settings = settings_from(arguments)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))
    return 0


async def _serve(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        with progress("starting"):
            await stack.enter_async_context(running(settings))
        stopped = asyncio.create_task(until_stopped())
        await asyncio.sleep(0)  # its signal handlers stand before anybody reads that we are ready
        _print_address(settings)
        await stopped
        print("stopping: recordings are being closed", file=sys.stderr, flush=True)


def _print_address(settings: Settings) -> None:
    address = address_of(settings)
    print(f"YunTaKan 云踏勘 is ready: {address.local}", flush=True)
    if address.lan and address.lan != address.local:
        print(f"from other devices:      {address.lan}", flush=True)
    if settings.is_tls and settings.tls_cert is None:
        print(f"phones must trust this server once: {address.best}/ca", flush=True)
