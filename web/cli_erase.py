"""`yuntakan erase` and `hold`: what the office's administrator does about data that is to go, or has to stay."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable

from inspection.domain.actor import SYSTEM
from inspection.domain.errors import InspectionError
from inspection.domain.retention import RetentionClass
from inspection.services.erasure import Due, ErasureRule, Remains, erase, find_due, finish_erasures
from inspection.services.holds import set_hold
from web.cli_package import find_inspection_id
from web.console import FAILED, MISUSED, CommandFailed, progress, require_office
from web.office import OpenOffice, open_office
from web.settings import Settings, read_settings

EXPIRY_BASIS = "保存期限届满"


def erase_data(arguments: argparse.Namespace) -> int:
    """One inspection by classes, or everything whose time is over."""
    settings = _settings(arguments)
    if (arguments.inspection is None) is not arguments.expired:
        raise CommandFailed("name one inspection, or say --expired", MISUSED)
    if arguments.expired:
        return asyncio.run(_erase_expired(settings, dry_run=arguments.dry_run))
    if not arguments.classes or not arguments.basis:
        raise CommandFailed("erasing one inspection needs --class and --basis", MISUSED)
    classes = [RetentionClass(name) for name in arguments.classes]
    return asyncio.run(_erase_one(settings, arguments.inspection, classes, arguments.basis))


def hold(arguments: argparse.Namespace) -> int:
    """Puts a hold on an inspection or takes it off."""
    return asyncio.run(_hold(_settings(arguments), arguments.inspection, arguments.hold == "on", arguments.reason))


def remains_of(opened: OpenOffice) -> Remains:
    """Where an erasure reaches besides the rows."""
    return Remains(opened.database, opened.evidence)


async def _erase_one(settings: Settings, name: str, classes: list[RetentionClass], basis: str) -> int:
    async with open_office(settings) as opened:
        inspection_id = await find_inspection_id(opened.office, name)
        with progress("erasing"):
            await finish_erasures(opened.office, remains_of(opened))
            await erase(opened.office, remains_of(opened), SYSTEM, inspection_id, classes, ErasureRule.REQUEST, basis)
    print(f"erased {', '.join(classes)} of {name}; copies that were handed out and backups are not reached")
    return 0


async def _erase_expired(settings: Settings, *, dry_run: bool) -> int:
    async with open_office(settings) as opened:
        remains = remains_of(opened)
        are_done = [dry_run or await _attempt("pending erasures", finish_erasures(opened.office, remains))]
        due = await find_due(opened.office, remains)
        for one in due:
            if dry_run or await _attempt(one.number, _erase_due(opened, remains, one)):
                print(f"{'due' if dry_run else 'erased'}  {one.number}  {', '.join(one.classes)}")
            else:
                are_done.append(False)
    print(f"{len(due)} inspections whose time is over")
    return 0 if all(are_done) else FAILED


async def _attempt(what: str, work: Awaitable[object]) -> bool:
    """Says what was refused: one that cannot be erased now is no reason to keep the others."""
    try:
        await work
    except InspectionError as error:
        print(f"yuntakan: {what}: {error.message} ({error.code})", file=sys.stderr)
        return False
    return True


async def _erase_due(opened: OpenOffice, remains: Remains, due: Due) -> None:
    with progress(f"erasing {due.number}"):
        await erase(opened.office, remains, SYSTEM, due.inspection_id, due.classes, ErasureRule.EXPIRY, EXPIRY_BASIS)


async def _hold(settings: Settings, name: str, on: bool, reason: str) -> int:
    async with open_office(settings) as opened:
        await set_hold(opened.office, SYSTEM, await find_inspection_id(opened.office, name), on, reason)
    print(f"the hold on {name} is {'on' if on else 'off'}")
    return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = read_settings({"data": arguments.data})
    require_office(settings.data)
    return settings
