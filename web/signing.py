"""Whose hand signs the ledger: a key file, or a command that holds the key."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from inspection.services.ports import Signer
from inspection.store.key_files import key_in_use, open_key_file, read_key_history
from inspection.store.signer import SignerKeyError
from inspection.store.signer_command import CommandSigner


@asynccontextmanager
async def open_signer(
    command: str, key_file: Path, database: Path, lock: Path, *, alone: bool = False
) -> AsyncIterator[Signer]:
    """The key in use, held against being changed meanwhile; `alone`: by nobody else, so that it can be changed.

    Raises SignerKeyError where it is not the newest key of the office's history, or held otherwise.
    """
    with key_in_use(lock, alone=alone):
        lines = await asyncio.to_thread(read_key_history, database)
        newest = lines[-1].public_key if lines else None
        if not command:
            yield await asyncio.to_thread(open_key_file, key_file, newest)
            return
        signer = command_signer(command)
        try:
            if await asyncio.to_thread(signer.public_key) != newest and newest is not None:
                raise SignerKeyError("the key of YUNTAKAN_SIGN_COMMAND is not the one in use: yuntakan keys rotate")
            yield signer
        finally:
            await asyncio.to_thread(signer.close)


def command_signer(command: str) -> CommandSigner:
    """A signer of a command line in the shell's quoting; no shell runs it."""
    return CommandSigner(shlex.split(command))
