"""Holds: while one is in force nothing of an inspection is erased, whatever the rule."""

from __future__ import annotations

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import conflict
from inspection.domain.text import clean_text
from inspection.services.access import get_inspection_for, require_role
from inspection.services.ledger import append
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import Recorded

_REASON = 500


async def set_hold(office: Office, actor: Actor, inspection_id: str, on: bool, reason: str) -> Recorded:
    """Puts a hold on, or takes it off; both with a reason. Raises `hold_unchanged`."""
    require_role(actor, Role.AUDITOR, Role.SYSTEM)
    kept = clean_text("reason", reason, _REASON)
    async with office.uow() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        if await is_held(uow, inspection.id) is on:
            raise conflict("hold_unchanged", "it is so already")
        entries = await append(uow, inspection.id, [EntryDraft("hold", actor, None, {"on": on, "reason": kept})])
        await uow.commit()
    return Recorded(inspection.id, entries)


async def is_held(uow: UnitOfWork, inspection_id: str) -> bool:
    """Whether the newest `hold` entry put one on."""
    head = await uow.entries.head(inspection_id)
    newest = await uow.entries.find_newest(inspection_id, "hold", head[0]) if head else None
    return newest is not None and newest.payload["on"] is True
