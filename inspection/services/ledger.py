"""Appends to the ledger, inside the caller's transaction: without the entry there is no change."""

from __future__ import annotations

from collections.abc import Sequence

from inspection.domain.entry import GENESIS, Entry, EntryDraft, seal
from inspection.services.ports import UnitOfWork


async def append(uow: UnitOfWork, inspection_id: str, drafts: Sequence[EntryDraft]) -> tuple[Entry, ...]:
    """Seals and adds the drafts in order at the end of the inspection's chain; the caller commits.

    The unit of work holds the write lock, so that nobody else extends the chain meanwhile. Raises PayloadError or
    CanonicalError for a draft that no reader could verify: a bug of the caller, and the transaction must not commit.
    """
    seq, prev = await uow.entries.head(inspection_id) or (0, GENESIS)
    at = uow.clock.now()
    entries: list[Entry] = []
    for draft in drafts:
        seq += 1
        entry = seal(draft, inspection_id, seq, prev, at, uow.signer.sign)
        await uow.entries.add(entry)
        entries.append(entry)
        prev = entry.hash
    return tuple(entries)
