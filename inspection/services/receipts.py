"""Receipts for those who take part: the newest signed head, and proofs that one head continues another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from inspection.domain.actor import Actor
from inspection.domain.checkpoints import Checkpoint
from inspection.domain.errors import InspectionError, Kind, field_invalid
from inspection.domain.inspections import Inspection
from inspection.domain.key_history import KeyLine
from inspection.domain.merkle import consistency_proof
from inspection.services.access import get_inspection_for
from inspection.services.ledger import close_ledger
from inspection.services.ports import Office


@dataclass(frozen=True, slots=True)
class Receipt:
    """`keys`: the whole history of the office's keys, so that the reader can follow it."""

    inspection: Inspection
    checkpoint: Checkpoint
    keys: tuple[KeyLine, ...]


async def get_receipt(office: Office, actor: Actor, inspection_id: str) -> Receipt:
    """A head that covers every entry there is; it is made where none does yet. Raises `unknown`, `unavailable`."""
    async with office.reading() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        last = await uow.checkpoints.find_last(inspection.id)
        head = await uow.entries.head(inspection.id)
        keys = await uow.keys.list()
    if last is None or head is None or last.size < head[0]:
        async with office.uow() as uow:
            last = await close_ledger(uow, inspection.id)
            keys = await uow.keys.list()
            await uow.commit()
    return Receipt(inspection, last, tuple(keys))


async def get_consistency(
    office: Office, actor: Actor, inspection_id: str, first: int, second: int
) -> tuple[bytes, ...]:
    """The proof that the ledger's first `second` entries begin with its first `first`.

    Raises `unknown`, `field_invalid`, and `receipt_beyond` where the ledger ends before `second`: whoever holds a head
    of that size learns so that entries have gone.
    """
    if not 0 < first <= second:
        raise field_invalid("first", "1 to second")
    async with office.reading() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        hashes = await uow.entries.list_hashes(inspection.id, 0)
    if second > len(hashes):
        raise InspectionError(Kind.CONFLICT, "receipt_beyond", f"the ledger has {len(hashes)} entries")
    return await asyncio.to_thread(_proof, hashes, first, second)


def _proof(hashes: Sequence[str], first: int, second: int) -> tuple[bytes, ...]:
    return consistency_proof(_decoded(hashes[:second]), first, second)


def _decoded(hashes: Sequence[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in hashes]
