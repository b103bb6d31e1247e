"""Looking at the record, which is itself on record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import field_invalid
from inspection.domain.text import clean_text
from inspection.services.access import get_inspection_for, require_role
from inspection.services.ledger import append
from inspection.services.payloads import without_none
from inspection.services.ports import Office
from inspection.services.results import EntryPage, Recorded

_MOST_ENTRIES = 1000


async def view(office: Office, actor: Actor, inspection_id: str, what: str) -> Recorded:
    """An auditor looks: `what` names what they were shown (`detail`, `replay`, `still/…`)."""
    require_role(actor, Role.AUDITOR)
    kept = clean_text("what", what, 100, one_line=True)
    return await _record(office, actor, inspection_id, "view", {"what": kept})


async def record_export(
    office: Office, actor: Actor, inspection_id: str, package_sha256: str | None = None
) -> Recorded:
    """A copy leaves the house."""
    require_role(actor, Role.AUDITOR, Role.SYSTEM)
    payload = without_none(package_sha256=package_sha256)
    return await _record(office, actor, inspection_id, "export", payload)


async def record_copy(
    office: Office,
    actor: Actor,
    inspection_id: str,
    session_id: str,
    copy: str,
    sha256: str,
    sources: Sequence[tuple[str, int]],
) -> Recorded:
    """A film of a session leaves the house. `sources`: (track, bytes of its journal) that it was made from."""
    require_role(actor, Role.AUDITOR)
    payload = {
        "session_id": session_id,
        "copy": copy,
        "copy_sha256": sha256,
        "sources": [{"track_id": track_id, "bytes": size} for track_id, size in sources],
    }
    return await _record(office, actor, inspection_id, "export", payload)


async def entries(office: Office, actor: Actor, inspection_id: str, after_seq: int, limit: int = 500) -> EntryPage:
    """A page of the ledger in order. Raises `unknown`, `field_invalid`."""
    if after_seq < 0 or not 1 <= limit <= _MOST_ENTRIES:
        raise field_invalid("limit", f"after from 0, limit 1 to {_MOST_ENTRIES}")
    async with office.reading() as uow:
        await get_inspection_for(uow, actor, inspection_id)
        page = await uow.entries.list(inspection_id, after_seq, limit)
        head = await uow.entries.head(inspection_id)
    return EntryPage(tuple(page), head[0] if head else 0)


async def _record(office: Office, actor: Actor, inspection_id: str, kind: str, payload: dict[str, Any]) -> Recorded:
    async with office.uow() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        appended = await append(uow, inspection.id, [EntryDraft(kind, actor, None, payload)])
        await uow.commit()
    return Recorded(inspection_id, appended)
