"""Appends to the ledger, inside the caller's transaction: without the entry there is no change.

Checkpoints are made in the same transaction: after every `CHECKPOINT_ENTRIES` entries, and at the end of what is
appended where the last one is older than `CHECKPOINT_AGE`, a session ends, or the key changes. What stays uncovered
is told to the unit of work, and `CheckpointKeeper` closes it in time. So a checkpoint and the entry that it ends with
are always of the same key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from inspection.domain.actor import SYSTEM
from inspection.domain.checkpoints import CHECKPOINT_ENTRIES, Checkpoint, key_id, make_checkpoint
from inspection.domain.entry import GENESIS, Entry, EntryDraft, seal
from inspection.domain.errors import InspectionError, Kind, not_found
from inspection.domain.instants import parse_rfc3339
from inspection.domain.key_history import KeyLine, first_key
from inspection.domain.merkle import Tree
from inspection.services.ledger_ports import KeptCheckpoint, LedgerGrowth
from inspection.services.ports import Signer, UnitOfWork

#: Below the second that is promised, so that the commit has time.
CHECKPOINT_AGE = timedelta(milliseconds=800)
_CLOSING_KINDS = frozenset(("session_ended", "key_changed"))


async def append(uow: UnitOfWork, inspection_id: str, drafts: Sequence[EntryDraft]) -> tuple[Entry, ...]:
    """Seals and adds the drafts in order at the end of the inspection's chain; the caller commits.

    The unit of work holds the write lock, so that nobody else extends the chain meanwhile. Raises PayloadError or
    CanonicalError for a draft that no reader could verify (a bug of the caller), and `signer_unavailable` where the
    key is out of reach: the transaction must not commit.
    """
    if not drafts:
        return ()
    entries, _ = await _grow(uow, inspection_id, drafts, closing=any(draft.kind in _CLOSING_KINDS for draft in drafts))
    return entries


async def close_ledger(uow: UnitOfWork, inspection_id: str) -> Checkpoint:
    """The checkpoint at the end of the ledger, made where it is not there yet; the caller commits.

    Raises not_found where there is no entry.
    """
    _, newest = await _grow(uow, inspection_id, (), closing=True)
    if newest is None:
        raise not_found("inspection")
    return newest


@dataclass(slots=True)
class _End:
    """The end of a chain; `tree` covers all entries up to `prev`, the last checkpoint `covered` of them."""

    inspection_id: str
    tree: Tree
    prev: str
    covered: int
    last: Checkpoint | None

    def add(self, entry: Entry) -> None:
        self.tree.append(bytes.fromhex(entry.hash))
        self.prev = entry.hash

    def age(self, now: datetime) -> timedelta:
        """How old the last checkpoint is; old enough where there is none, or the clock was set back since."""
        if self.last is None:
            return CHECKPOINT_AGE
        age = now - parse_rfc3339(self.last.at)
        return age if age >= timedelta(0) else CHECKPOINT_AGE

    def checkpoint(self, now: datetime, signer: Signer) -> KeptCheckpoint:
        """Signs the head. Its time never runs back, also where the clock was set back."""
        at = now if self.last is None else max(now, parse_rfc3339(self.last.at))
        root = self.tree.root()
        made = make_checkpoint(self.inspection_id, self.tree.size, root, at, signer.public_key(), signer.sign)
        self.covered, self.last = made.size, made
        return KeptCheckpoint(made, self.prev, self.tree.nodes)


async def _grow(
    uow: UnitOfWork, inspection_id: str, drafts: Sequence[EntryDraft], closing: bool
) -> tuple[tuple[Entry, ...], Checkpoint | None]:
    end = await _read_end(uow, inspection_id)
    change = await _key_change(uow, end) if drafts or end.tree.size > end.covered else []
    drafts, closing, now = [*change, *drafts], closing or bool(change), uow.clock.now()
    if uow.signer.is_slow:
        entries, kept = await asyncio.to_thread(_extend, end, drafts, now, uow.signer, closing)
    else:
        entries, kept = _extend(end, drafts, now, uow.signer, closing)
    await uow.entries.add_all(entries)
    await uow.checkpoints.add_all(kept)
    is_open = end.tree.size > end.covered
    due_s = (CHECKPOINT_AGE - end.age(now)).total_seconds() if is_open else None
    uow.note_growth(LedgerGrowth(inspection_id, kept[-1].checkpoint if kept else None, due_s))
    return tuple(entries), end.last


def _extend(
    end: _End, drafts: Sequence[EntryDraft], now: datetime, signer: Signer, closing: bool
) -> tuple[list[Entry], list[KeptCheckpoint]]:
    entries: list[Entry] = []
    kept: list[KeptCheckpoint] = []
    for draft in drafts:
        entry = seal(draft, end.inspection_id, end.tree.size + 1, end.prev, now, signer.sign)
        entries.append(entry)
        end.add(entry)
        if end.tree.size - end.covered >= CHECKPOINT_ENTRIES:
            kept.append(end.checkpoint(now, signer))
    if end.tree.size > end.covered and (closing or end.age(now) >= CHECKPOINT_AGE):
        kept.append(end.checkpoint(now, signer))
    return entries, kept


async def _read_end(uow: UnitOfWork, inspection_id: str) -> _End:
    """Raises `ledger_damaged` where what is kept cannot be read, or is not what was signed."""
    try:
        kept = await uow.checkpoints.find_kept(inspection_id)
        end = _End(inspection_id, Tree(), GENESIS, 0, None) if kept is None else _end_at(kept)
        for entry_hash in await uow.entries.list_hashes(inspection_id, end.covered):
            end.tree.append(bytes.fromhex(entry_hash))
            end.prev = entry_hash
    except UnicodeEncodeError:
        raise  # of an id that cannot be anybody's
    except ValueError as error:
        raise InspectionError(Kind.INTERNAL, "ledger_damaged", f"{inspection_id}: {error}") from error
    return end


def _end_at(kept: KeptCheckpoint) -> _End:
    """Raises `ledger_damaged` where the kept tree is not the one that was signed: nothing more is signed on it.

    Raises ValueError where it is no tree at all.
    """
    checkpoint = kept.checkpoint
    tree = Tree.from_state(checkpoint.size, kept.nodes)
    if tree.root() != checkpoint.root_bytes:
        raise InspectionError(Kind.INTERNAL, "ledger_damaged", f"the tree of {checkpoint.inspection} was changed")
    return _End(checkpoint.inspection, tree, kept.head, checkpoint.size, checkpoint)


async def _key_change(uow: UnitOfWork, end: _End) -> list[EntryDraft]:
    """The entry that must come first where the chain ends with another key; every chain begins with the first key."""
    current = key_id(uow.signer.public_key())
    if end.last is not None and end.last.key == current:
        return []
    newest = await uow.keys.find_newest() or await _begin_history(uow)
    if newest.key_id != current:
        raise InspectionError(Kind.UNAVAILABLE, "signing_key_replaced", "the key in use is not the newest one")
    if end.last is None and newest.n == 0:
        return []
    return [EntryDraft("key_changed", SYSTEM, None, {"key_id": current, "n": newest.n})]


async def _begin_history(uow: UnitOfWork) -> KeyLine:
    signer, now = uow.signer, uow.clock.now()
    if signer.is_slow:
        line = await asyncio.to_thread(first_key, signer.public_key(), now, signer.sign)
    else:
        line = first_key(signer.public_key(), now, signer.sign)
    await uow.keys.add(line)
    return line
