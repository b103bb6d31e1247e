"""`yuntakan keys …`: the keys that sign the ledger."""

from __future__ import annotations

import argparse
import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from inspection.domain.key_history import KeyLine
from inspection.services.keys import change_key
from inspection.services.ports import Signer
from inspection.store.key_files import begin_change, destroy_key, finish_change, read_key_history
from inspection.store.migration import upgrade
from web.console import MISUSED, CommandFailed, require_office
from web.office import DataFolder, OpenOffice, open_office
from web.settings import Settings, read_settings
from web.signing import command_signer


def show(arguments: argparse.Namespace) -> int:
    """Every key with its id, since when, and what `verify --trust` takes; or the history as packages hold it."""
    folder = DataFolder(_settings(arguments).data.resolve())
    upgrade(folder.database)
    lines = read_key_history(folder.database)
    if arguments.json:
        print("".join(line.to_line().decode() + "\n" for line in lines), end="")
        return 0
    if not lines:
        print("no entry was signed yet: the first one brings its key along")
    for line in lines:
        print(_told(line, in_use=line is lines[-1]))
    return 0


def rotate(arguments: argparse.Namespace) -> int:
    """Hands over to a new key. Refused while anything signs with the old one."""
    settings = _settings(arguments)
    if settings.sign_command and not (arguments.to_command or arguments.to_file):
        raise CommandFailed("the key is held by YUNTAKAN_SIGN_COMMAND: say --to-command or --to-file", MISUSED)
    line = asyncio.run(_rotate(settings, arguments.to_command))
    print(_told(line, in_use=True))
    if arguments.to_command:
        print(f"start the server with YUNTAKAN_SIGN_COMMAND={arguments.to_command}")
    elif settings.sign_command:
        print("start the server without YUNTAKAN_SIGN_COMMAND")
    print("the key before signs nothing any more; where it was a file, the file is gone")
    return 0


async def _rotate(settings: Settings, to_command: str | None) -> KeyLine:
    async with open_office(settings, changes_key=True) as opened, _following(opened, to_command) as following:
        line = await change_key(opened.office, following)
        path = opened.folder.signing_key
        if to_command:
            await asyncio.to_thread(destroy_key, path)
        else:
            await asyncio.to_thread(finish_change, path, line.public_key)
    return line


@asynccontextmanager
async def _following(opened: OpenOffice, to_command: str | None) -> AsyncIterator[Signer]:
    if to_command is None:
        yield await asyncio.to_thread(begin_change, opened.folder.signing_key)
        return
    signer = command_signer(to_command)
    try:
        await asyncio.to_thread(signer.public_key)
        yield signer
    finally:
        await asyncio.to_thread(signer.close)


def _settings(arguments: argparse.Namespace) -> Settings:
    settings = read_settings({"data": arguments.data})
    require_office(settings.data)
    return settings


def _told(line: KeyLine, *, in_use: bool) -> str:
    public_key = base64.b64encode(line.public_key).decode("ascii")
    return f"{line.n}  {line.key_id}  {public_key}  from {line.since}{'  in use' if in_use else ''}"
