"""Time stamping of a running server: authorities from the settings, and the keeper that asks them."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
from cryptography.hazmat.primitives.serialization import Encoding

from inspection.domain.entry import Entry
from inspection.services.stamping import Stamping, StampingConfig, StampingStore
from inspection.store.timestamp_client import AuthorityCertificates, HttpTimestampAuthority, load_certificates
from web.office import OpenOffice
from web.settings import Settings
from web.timestamp_settings import AuthoritySettings


def authorities_of(settings: Settings, session: aiohttp.ClientSession) -> list[HttpTimestampAuthority]:
    """In the order of the settings. Raises OSError, ValueError for certificates that cannot be read."""
    return [authority_of(session, number, one) for number, one in enumerate(settings.timestamp_authorities)]


def authority_of(session: aiohttp.ClientSession, number: int, given: AuthoritySettings) -> HttpTimestampAuthority:
    return HttpTimestampAuthority(
        session, given.url, given.name, number, _certificates(given), is_test=given.is_test
    )  # fmt: skip


def certificate_members(settings: Settings) -> dict[str, bytes]:
    """What a package ships so that chains can be built, by member. Raises OSError, ValueError."""
    members: dict[str, bytes] = {}
    for number, given in enumerate(settings.timestamp_authorities):
        held = _certificates(given)
        pems = [one.public_bytes(Encoding.PEM) for one in (*held.between, *held.roots)]
        if pems:
            members[f"certificates/authority-{number}.pem"] = b"".join(pems)
    return members


@asynccontextmanager
async def open_stamping(
    settings: Settings, opened: OpenOffice, publish: Callable[[tuple[Entry, ...]], None]
) -> AsyncIterator[Stamping]:
    """Follows the office's checkpoints until the end; without authorities it only gives up what waits."""
    office = opened.office
    async with aiohttp.ClientSession() as session:
        store = StampingStore(office.uow, office.reading, opened.evidence, office.clock, publish)
        config = StampingConfig(every_s=settings.timestamp_every_s)
        stamping = Stamping(store, authorities_of(settings, session), time.monotonic, config)
        leave = office.checkpoint_feed.listen(stamping.take)
        stamping.start()
        try:
            yield stamping
        finally:
            leave()
            await stamping.aclose()


def _certificates(given: AuthoritySettings) -> AuthorityCertificates:
    return AuthorityCertificates() if given.certificates is None else load_certificates(given.certificates)
