"""What goes into an evidence package: chosen from the ledger alone, up to the head at the time of asking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import Entry
from inspection.domain.errors import not_found
from inspection.domain.key_history import KeyLine
from inspection.domain.package_manifest import CHECKPOINTS, KEYS, OPENINGS, VIEWING_SUFFIXES
from inspection.domain.package_members import expected_members
from inspection.domain.package_openings import PlacedOpening
from inspection.domain.package_withheld import Withheld
from inspection.domain.verification import Code
from inspection.domain.verification_artefacts import Attested, FileClaim
from inspection.services.ports import UnitOfWork

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
    """Everything that a package holds but the manifest.

    `texts` stand behind the ledger, before the sources.
    """

    inspection_id: str
    number: str
    entries: tuple[Entry, ...]
    sources: tuple[PackageSource, ...]
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


async def plan_package(uow: UnitOfWork, inspection_id: str) -> PackagePlan:
    """The plan of one inspection's package; of a live one it holds what is attested by now.

    A journal is cut at its last attested byte: what was recorded since is not in the ledger yet.
    """
    entries = await read_ledger(uow, inspection_id)
    attested = Attested()
    for entry in entries:
        attested.take(entry)
    return PackagePlan(inspection_id, attested.opened.get("number", ""), entries, package_sources(attested))


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
