"""What goes into an evidence package: chosen from the ledger alone, up to the head at the time of asking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import Entry
from inspection.domain.errors import InspectionError, Kind, not_found
from inspection.domain.key_history import KeyLine
from inspection.domain.package_audience import withheld_of
from inspection.domain.package_manifest import CHECKPOINTS, KEYS, OPENINGS, VIEWING_SUFFIXES
from inspection.domain.package_members import expected_members
from inspection.domain.package_openings import PlacedOpening, package_openings
from inspection.domain.package_withheld import Withheld, hidden_openings
from inspection.domain.verification import Broken, Code
from inspection.domain.verification_artefacts import Attested, FileClaim
from inspection.services.ledger import close_ledger
from inspection.services.ports import Office, UnitOfWork

_PAGE = 1000


class Line(Protocol):
    """Something that stands as a line of a member."""

    def to_line(self) -> bytes:
        """Its canonical bytes, without a line end."""
        ...


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A member's content: `size_bytes` of `source`, a path in the inspection's evidence folder, from `offset` on.

    Without `size_bytes` the whole file; where `optional`, it may be absent.
    """

    member: str
    source: str
    size_bytes: int | None
    optional: bool = False
    offset: int = 0


@dataclass(frozen=True, slots=True)
class PackageText:
    """A member that was made in memory."""

    member: str
    content: bytes


@dataclass(frozen=True, slots=True)
class PackagePlan:
    """Everything that a package holds but the manifest. `head` is the checkpoint at the end of the ledger.

    `texts` stand behind the ledger, before the sources.
    """

    inspection_id: str
    number: str
    entries: tuple[Entry, ...]
    sources: tuple[PackageSource, ...]
    head: Checkpoint
    texts: tuple[PackageText, ...] = ()
    audience: str = "office"
    withheld: tuple[Withheld, ...] = ()


async def read_ledger(uow: UnitOfWork, inspection_id: str) -> tuple[Entry, ...]:
    """All entries up to the head at the call, in order. Raises not_found where there is none."""
    head = await uow.entries.head(inspection_id)
    if head is None:
        raise not_found("inspection")
    entries: list[Entry] = []
    while page := await uow.entries.list(inspection_id, entries[-1].seq if entries else 0, _PAGE):
        entries.extend(page)
    return tuple(entry for entry in entries if entry.seq <= head[0])


async def plan_package(
    office: Office,
    inspection_id: str,
    audience: str = "office",
    redaction: Sequence[Withheld] = (),
    certificates: Iterable[tuple[str, bytes]] = (),
) -> PackagePlan:
    """The plan of one inspection's package; of a live one it holds what is attested by now.

    The ledger is closed by a checkpoint first. A journal is cut at its last attested byte: what was recorded since is
    not in the ledger yet. `redaction`: what is left out of this copy besides; `certificates`: `certificates/…`, PEM.
    Raises not_found, and `redaction_invalid` for what the ledger does not name.
    """
    async with office.uow() as uow:
        head = await close_ledger(uow, inspection_id)
        await uow.commit()
    async with office.reading() as uow:
        entries = (await read_ledger(uow, inspection_id))[: head.size]
        checkpoints = [one for one in await _all_checkpoints(uow, inspection_id) if one.size <= head.size]
        keys = await uow.keys.list()
    ledger = _Ledger(inspection_id, entries, checkpoints, keys)
    return await asyncio.to_thread(_plan, ledger, head, audience, redaction, certificates)


@dataclass(frozen=True, slots=True)
class _Ledger:
    inspection_id: str
    entries: tuple[Entry, ...]
    checkpoints: Sequence[Checkpoint]
    keys: Sequence[KeyLine]


def _plan(
    ledger: _Ledger,
    head: Checkpoint,
    audience: str,
    redaction: Sequence[Withheld],
    certificates: Iterable[tuple[str, bytes]],
) -> PackagePlan:
    """Seconds of work for a long record: not for the event loop."""
    entries, attested = ledger.entries, Attested()
    for entry in entries:
        attested.take(entry)
    withheld = (*redaction, *withheld_of(entries, attested, audience))
    opened = package_openings(entries, hidden_openings(withheld))
    return PackagePlan(
        ledger.inspection_id,
        attested.opened.get("number", ""),
        entries,
        _sources(attested, withheld, audience),
        head,
        package_texts(opened, ledger.checkpoints, ledger.keys, certificates),
        audience,
        withheld,
    )


def _sources(attested: Attested, withheld: Sequence[Withheld], audience: str) -> tuple[PackageSource, ...]:
    try:
        return package_sources(attested, withheld, audience)
    except Broken as broken:
        raise InspectionError(Kind.INVALID, "redaction_invalid", broken.problem.where) from broken


async def _all_checkpoints(uow: UnitOfWork, inspection_id: str) -> list[Checkpoint]:
    found: list[Checkpoint] = []
    while page := await uow.checkpoints.list(inspection_id, found[-1].size if found else 0, _PAGE):
        found.extend(page)
    return found


def package_sources(
    attested: Attested, withheld: Sequence[Withheld] = (), audience: str = "office"
) -> tuple[PackageSource, ...]:
    """The members that the ledger names and nobody withholds, and the viewing copies of its sessions.

    Raises Broken where something withheld has no excuse or is nothing that the ledger names.
    """
    expected = expected_members(attested, withheld, audience)
    tokens = [_whole(claim) for claim in expected.files if claim.code is Code.TIMESTAMP_DIGEST]
    journals = [PackageSource(run.member, run.claim.source, run.size_bytes, offset=run.offset) for run in expected.runs]
    files = [_whole(claim) for claim in expected.files if claim.code is not Code.TIMESTAMP_DIGEST]
    return (*tokens, *journals, *files, *_viewing(attested, withheld))


def package_texts(
    openings: Iterable[PlacedOpening],
    checkpoints: Iterable[Checkpoint],
    keys: Iterable[KeyLine],
    certificates: Iterable[tuple[str, bytes]] = (),
) -> tuple[PackageText, ...]:
    """The members that are lines, and certificates (`certificates/…`, PEM) to build chains with."""
    lined: tuple[tuple[str, Iterable[Line]], ...] = ((OPENINGS, openings), (CHECKPOINTS, checkpoints), (KEYS, keys))
    texts = [PackageText(name, b"".join(one.to_line() + b"\n" for one in lines)) for name, lines in lined]
    return (*texts, *(PackageText(name, content) for name, content in certificates))


def _whole(claim: FileClaim) -> PackageSource:
    return PackageSource(claim.member, claim.source, None)


def _viewing(attested: Attested, withheld: Sequence[Withheld]) -> list[PackageSource]:
    """A film shows what its session's journals hold: where anything of those is withheld, so is it."""
    hidden = {one.session for one in withheld if one.kind in ("track", "journal")}
    return [
        PackageSource(f"viewing/{session_id}.{suffix}", f"{session_id}/derived/replay.{suffix}", None, optional=True)
        for session_id in attested.sessions
        for suffix in VIEWING_SUFFIXES
        if session_id not in hidden
    ]
