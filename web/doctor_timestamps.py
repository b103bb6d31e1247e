"""The doctor's look at the authorities of time stamps: each is asked for one, of random bytes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import aiohttp

from inspection.domain.instants import parse_rfc3339
from inspection.services.stamping_ports import StampFailed
from web.doctor_turn import Finding
from web.settings import Settings
from web.timestamp_settings import AuthoritySettings
from web.timestamps import authority_of

FAR_OFF_S = 5.0


def check_authorities(settings: Settings) -> Iterator[Finding]:
    """Whether each gives a stamp that holds, and how its time stands to ours."""
    if not settings.timestamp_authorities:
        yield "note", "stamps_none", {}
    for given in settings.timestamp_authorities:
        yield from asyncio.run(_check(given))


async def _check(given: AuthoritySettings) -> list[Finding]:
    said = {"name": given.name, "url": given.url}
    try:
        async with aiohttp.ClientSession() as session:
            stamped = await authority_of(session, 0, given).stamp(secrets.token_bytes(32))
    except StampFailed as error:
        return [("BAD", f"stamps_{error.cause}", {**said, "why": str(error)})]
    except (OSError, ValueError) as error:
        return [("BAD", "stamps_certificates", {**said, "why": str(error)})]
    off_s = (parse_rfc3339(stamped.facts.gen_time) - datetime.now(UTC)).total_seconds()
    if abs(off_s) > FAR_OFF_S:
        return [("note", "stamps_clock", {**said, "seconds": round(off_s)})]
    if given.is_test:
        return [("note", "stamps_test", said)]
    if stamped.facts.root is None:
        return [("note", "stamps_unchecked", {**said, "signer": stamped.facts.signer})]
    return [("ok", "stamps_work", {**said, "root": stamped.facts.root})]
