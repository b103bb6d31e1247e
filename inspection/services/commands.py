"""Idempotency: a command with a key is done once; a repeat gets the first result."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from inspection.domain.actor import Actor
from inspection.domain.entry import Entry
from inspection.domain.errors import InspectionError, Kind, field_invalid
from inspection.services.ports import CommandRecord, Office, UnitOfWork
from inspection.services.secrets import keyed_hash

R = TypeVar("R")
_KEY_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Command:
    """Who repeats what: `arguments` is everything that makes two commands the same."""

    actor_id: str
    name: str
    key: str
    arguments: tuple[object, ...]


def command(actor: Actor, name: str, key: str, *arguments: object) -> Command:
    """A command of an actor."""
    return Command(actor.id, name, key, arguments)


async def run_once(
    office: Office,
    asked: Command,
    result_type: type[R],
    work: Callable[[UnitOfWork], Awaitable[R]],
    without_secrets: Callable[[R], R] = lambda result: result,
) -> tuple[R, bool]:
    """Does `work` and keeps its result, in one transaction; (result, whether it was done just now).

    `without_secrets` says what of the result may be kept at rest. Raises `idempotency_conflict` where the
    key was used for something else.
    """
    key_hash = keyed_hash(office, "command", _checked(asked.key))
    async with office.uow() as uow:
        earlier = await uow.commands.find(asked.actor_id, key_hash)
        if earlier is not None:
            return _repeated(office, asked, earlier, result_type), False
        result = await work(uow)
        kept = _adapter(cast("Hashable", result_type)).dump_json(without_secrets(result)).decode()
        now = office.clock.now()
        fingerprint, about = _fingerprint(office, asked), _about(result)
        await uow.commands.add(CommandRecord(asked.actor_id, key_hash, asked.name, fingerprint, kept, now, about))
        await uow.commit()
    return result, True


async def find_done(office: Office, asked: Command, result_type: type[R]) -> R | None:
    """The result of that command where it was done before, for work that is begun outside a transaction.

    Raises `idempotency_conflict` where the key was used for something else.
    """
    key_hash = keyed_hash(office, "command", _checked(asked.key))
    async with office.reading() as uow:
        earlier = await uow.commands.find(asked.actor_id, key_hash)
    return None if earlier is None else _repeated(office, asked, earlier, result_type)


async def run(office: Office, asked: Command, result_type: type[R], work: Callable[[UnitOfWork], Awaitable[R]]) -> R:
    """`run_once` for a result without secrets, where nobody asks whether it is a repeat."""
    result, _ = await run_once(office, asked, result_type, work)
    return result


def _checked(key: object) -> str:
    if not isinstance(key, str) or not 1 <= len(key) <= _KEY_CHARACTERS:
        raise field_invalid("key", f"needs 1 to {_KEY_CHARACTERS} characters")
    return key


def _repeated(office: Office, asked: Command, earlier: CommandRecord, result_type: type[R]) -> R:
    if (earlier.name, earlier.fingerprint) != (asked.name, _fingerprint(office, asked)):
        raise InspectionError(Kind.CONFLICT, "idempotency_conflict", "the key was used for another command")
    result: R = _adapter(cast("Hashable", result_type)).validate_json(earlier.result_json)
    return result


def _about(result: object) -> str | None:
    """The inspection that a result speaks of, by the entries that it made."""
    entries: Sequence[Entry] = getattr(result, "entries", ())
    return entries[0].inspection if entries else None


def _fingerprint(office: Office, asked: Command) -> str:
    """Keyed, since arguments hold identity numbers that a plain hash would give away."""
    return keyed_hash(office, "fingerprint", json.dumps([repr(argument) for argument in asked.arguments]))


@cache
def _adapter(result_type: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", result_type))
