"""`yuntakan demo --check`: the whole job once without a person, on fresh data; then its package is verified."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import socket
from pathlib import Path

import uvloop

from inspection.domain.verification import State
from inspection.domain.verification_package import Asked
from inspection.domain.verification_words import render_text
from inspection.store.package_files import verify_file
from inspection.store.package_given import read_receipts
from web.cli_serve import settings_from
from web.console import FAILED, CommandFailed, language, progress
from web.demo import Stage, for_this_machine, stage
from web.demo_players import end_player, start_player
from web.settings import Settings

DAY_LIMIT_S = 110.0
PACKAGE = "demo-check.zip"
RECEIPTS = "demo-check-receipts.txt"


def check(arguments: argparse.Namespace) -> int:
    """Exit status 0 only where every step held and the package is whole and has what the applicant's receipts say.

    The fresh folder goes when it did.
    """
    settings = for_this_machine(settings_from(arguments))
    data = settings.data.resolve()
    fresh = data / f"check-{secrets.token_hex(4)}"
    fresh.mkdir(parents=True, mode=0o700)
    package, receipts = data / PACKAGE, data / RECEIPTS
    for left in (package, receipts):
        left.unlink(missing_ok=True)
    port = settings.port if arguments.port is not None else free_port()
    own_tls = {"tls_cert": None, "tls_key": None, "behind_proxy": False, "public_url": None}
    staged = settings.model_copy(update={"data": fresh, "port": port, **own_tls})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        status = runner.run(play_day(staged, package, receipts))
    if status != 0:
        raise CommandFailed(f"the day did not hold (see above); what it left is in {fresh}")
    with progress("verifying") as line:
        verdict = verify_file(package, None, line.count, Asked(receipts=read_receipts([str(receipts)])))
    print(render_text(verdict, language()))
    if verdict.state is not State.WHOLE:
        raise CommandFailed(f"the package does not verify; what the day left is in {fresh}")
    shutil.rmtree(fresh)
    print(f"receipts: {receipts}")
    print(f"package: {package}", flush=True)
    return 0


async def play_day(settings: Settings, package: Path, receipts: Path) -> int:
    """The players' exit status; the server is stopped in any case."""
    async with stage(settings) as there:
        try:
            async with asyncio.timeout(DAY_LIMIT_S):
                return await _play(there, package, receipts)
        except TimeoutError:
            print(f"demo: the day took longer than {DAY_LIMIT_S:.0f} s", flush=True)
            return FAILED


async def _play(there: Stage, package: Path, receipts: Path) -> int:
    command = ["examples.demo_day", "--package", str(package), "--receipts", str(receipts)]
    players = await start_player(command, stdin=asyncio.subprocess.PIPE)
    try:
        case = there.case.for_players(there.address.local, there.ca_path, there.sms_outbox)
        await players.communicate(case.encode())
        return players.returncode or 0
    finally:
        await end_player(players)


def free_port() -> int:
    """Any: a demo may be running on the usual one."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])
