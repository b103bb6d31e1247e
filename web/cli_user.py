"""`yuntakan user …`."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable

from inspection.domain.actor import Role
from inspection.domain.users import User
from inspection.services import accounts
from inspection.services.ports import Office
from web.console import MISUSED, CommandFailed, progress, require_office
from web.office import open_office
from web.settings import read_settings

MOST_BYTES = 1024


def add(arguments: argparse.Namespace) -> int:
    """A missing data folder is made: on a new machine the first account comes before the first start."""
    password = read_password(arguments.password_stdin)

    async def work(office: Office) -> User:
        return await accounts.add_user(
            office,
            username=arguments.username,
            password=password,
            role=Role(arguments.role),
            name=arguments.name,
            unit=arguments.unit,
            badge=arguments.badge,
        )

    user = asyncio.run(_in_office(arguments, work))
    print(f"added {user.role} {user.username}")
    return 0


def password(arguments: argparse.Namespace) -> int:
    require_office(read_settings({"data": arguments.data}).data)
    new_password = read_password(arguments.password_stdin)

    async def work(office: Office) -> User:
        return await accounts.set_password(office, arguments.username, new_password)

    user = asyncio.run(_in_office(arguments, work))
    print(f"{user.username} has a new password and is signed out everywhere")
    return 0


def read_password(from_stdin: bool) -> str:
    """One line from a pipe, or asked for twice. Raises CommandFailed."""
    if from_stdin:
        line = sys.stdin.readline(MOST_BYTES)
        return line.rstrip("\r\n")
    if not sys.stdin.isatty():
        raise CommandFailed("no terminal to ask for a password; use --password-stdin", MISUSED)
    given = getpass.getpass("Password: ")
    if given != getpass.getpass("Again: "):
        raise CommandFailed("the two are not the same", MISUSED)
    return given


def read_secret_line(from_stdin: bool) -> str:
    """A password that exists already: one line from a pipe, or asked for once. Raises CommandFailed."""
    return read_password(True) if from_stdin or not sys.stdin.isatty() else getpass.getpass("Password: ")


async def _in_office(arguments: argparse.Namespace, work: Callable[[Office], Awaitable[User]]) -> User:
    settings = read_settings({"data": arguments.data})
    with progress("opening the office"):
        async with open_office(settings) as opened:
            return await work(opened.office)
