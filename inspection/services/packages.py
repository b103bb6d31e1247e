"""What goes into an evidence package: chosen from the ledger alone, up to the head at the time of asking."""

from __future__ import annotations

from dataclasses import dataclass

from inspection.domain.entry import Entry
from inspection.domain.errors import not_found
from inspection.domain.package_manifest import VIEWING_SUFFIXES
from inspection.domain.verification_artefacts import Attested
from inspection.services.ports import UnitOfWork

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class PackageSource:
    """A member's content: the first `size_bytes` of `source`, a path in the inspection's evidence folder.

    Without `size_bytes` the whole file; where `optional`, it may be absent.
    """

    member: str
    source: str
    size_bytes: int | None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class PackagePlan:
    """Everything that a package holds but the manifest."""

    inspection_id: str
    number: str
    entries: tuple[Entry, ...]
    sources: tuple[PackageSource, ...]


async def read_ledger(uow: UnitOfWork, inspection_id: str) -> tuple[Entry, ...]:
    """All entries up to the head at the call, in order. Raises not_found where there is none."""
    head = await uow.entries.head(inspection_id)
    if head is None:
        raise not_found("inspection")
    entries: list[Entry] = []
    while page := await uow.entries.list(inspection_id, entries[-1].seq if entries else 0, _PAGE):
        entries.extend(page)
    return tuple(entry for entry in entries if entry.seq <= head[0])


async def plan_package(uow: UnitOfWork, inspection_id: str) -> PackagePlan:
    """The plan of one inspection's package; of a live one it holds what is attested by now.

    A journal is cut at its last attested byte: what was recorded since is not in the ledger yet.
    """
    entries = await read_ledger(uow, inspection_id)
    attested = Attested()
    for entry in entries:
        attested.take(entry)
    return PackagePlan(inspection_id, attested.opened.get("number", ""), entries, package_sources(attested))


def package_sources(attested: Attested) -> tuple[PackageSource, ...]:
    """The members that the ledger names, and the viewing copies of its sessions."""
    journals = [PackageSource(claim.member, claim.source, claim.attested_bytes) for claim in attested.recorded()]
    files = [PackageSource(claim.member, claim.source, None) for claim in attested.files.values()]
    viewing = [
        PackageSource(f"viewing/{session_id}.{suffix}", f"{session_id}/derived/replay.{suffix}", None, optional=True)
        for session_id in attested.sessions
        for suffix in VIEWING_SUFFIXES
    ]
    return (*journals, *files, *viewing)
