"""`yuntakan demo`: the server with one prepared case, and a robot that plays the applicant."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from web.ca_page import fingerprint
from web.certificates import read_certificate
from web.cli_serve import settings_from
from web.console import MISUSED, CommandFailed, progress
from web.demo_case import DemoCase, prepare
from web.demo_players import keep_robot
from web.demo_sheet import sheet
from web.serving import Address, address_of, running, set_up_logging, until_stopped
from web.settings import Settings


@dataclass(frozen=True, slots=True)
class Stage:
    """A running server with its case. `ca_path` is None where the certificate comes from elsewhere."""

    settings: Settings
    case: DemoCase
    address: Address

    @property
    def ca_path(self) -> Path | None:
        return None if self.settings.tls_cert else self.data / "tls" / "ca.crt"

    @property
    def data(self) -> Path:
        return self.settings.data.resolve()

    @property
    def sms_outbox(self) -> Path:
        return self.data / "outbox" / "sms.jsonl"

    def robot_command(self) -> list[str]:
        """What `python -m` runs to play the applicant."""
        trust = ["--ca", str(self.ca_path)] if self.ca_path else []
        invitation = ["--pickup-code", self.case.pickup_code, "--phone", self.case.phone]
        outbox = ["--sms-outbox", str(self.sms_outbox)]
        return ["examples.robot_applicant", "--url", self.address.local, *trust, *invitation, *outbox]


def demo(arguments: argparse.Namespace) -> int:
    set_up_logging()
    if arguments.check:
        from web.demo_check import check

        return check(arguments)
    settings = for_this_machine(settings_from(arguments))
    if settings.behind_proxy:
        raise CommandFailed("the demo speaks TLS itself; use `serve` behind a proxy", MISUSED)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_demo(settings, with_robot=not arguments.no_robot))
    return 0


def for_this_machine(settings: Settings) -> Settings:
    """Browsers and the robot may be on this very machine, and whoever tries things out asks for many codes."""
    office = settings.office.model_copy(update={"code_interval_s": 2, "codes_per_hour": 1000})
    loopback = settings.relay_loopback if settings.relay_loopback is not None else True
    return settings.model_copy(update={"relay_loopback": loopback, "office": office})


@asynccontextmanager
async def stage(settings: Settings) -> AsyncIterator[Stage]:
    """Raises CommandFailed, InspectionError, MediaError, CertificateError."""
    from web import keys

    async with running(settings) as server:
        case = await prepare(server.app[keys.OFFICE], server.app[keys.FEED].publish)
        yield Stage(settings, case, address_of(settings))


async def _demo(settings: Settings, with_robot: bool) -> None:
    async with AsyncExitStack() as stack:
        with progress("preparing the demo"):
            there = await stack.enter_async_context(stage(settings))
        _print(there)
        robot = asyncio.create_task(keep_robot(there.robot_command())) if with_robot else None
        try:
            await until_stopped()
        finally:
            print("stopping: recordings are being closed", file=sys.stderr, flush=True)
            if robot is not None:
                robot.cancel()
                await asyncio.gather(robot, return_exceptions=True)


def _print(there: Stage) -> None:
    authority = fingerprint(read_certificate(there.ca_path)) if there.ca_path else None
    print(sheet(there.case, there.address, authority))
    print(f"  短信 SMS  {there.sms_outbox}", flush=True)
