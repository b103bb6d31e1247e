"""Visits on site: they confirm what a video could not settle."""

from __future__ import annotations

from datetime import datetime

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import conflict, field_invalid
from inspection.domain.findings import Finding
from inspection.domain.inspections import Inspection, InspectionState
from inspection.domain.instants import checked_instant
from inspection.domain.observations import SiteVisit, VisitItem
from inspection.domain.text import clean_text
from inspection.services.access import get_inspection_for, get_template, require_role
from inspection.services.commands import command, run
from inspection.services.findings import settled_state
from inspection.services.ledger import append
from inspection.services.payloads import instant, without_none
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import VisitRecorded
from inspection.services.secrets import new_id

_MOST_VISITORS, _MOST_ITEMS = 10, 200


async def record_site_visit(
    office: Office,
    actor: Actor,
    inspection_id: str,
    *,
    visited_at: datetime,
    visitors: tuple[str, ...],
    items: tuple[VisitItem, ...],
    key: str,
) -> VisitRecorded:
    """Records a visit; a confirmed finding is closed for good, one that is not is open again.

    Raises `field_invalid` (from the future, nobody, unknown item), `finding_closed`, `state_conflict`.
    """
    require_role(actor, Role.INSPECTOR)
    kept = tuple(_clean_item(item) for item in items)
    who = tuple(clean_text("visitors", name, 40, one_line=True) for name in visitors)
    _require_form(office, visited_at, who, kept)

    async def work(uow: UnitOfWork) -> VisitRecorded:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        if inspection.state is InspectionState.CONCLUDED:
            raise conflict("state_conflict", "the inspection is concluded")
        findings = [await _visited(office, uow, inspection, item) for item in kept]
        visit = SiteVisit(new_id(office), inspection.id, visited_at, who, kept, actor.id, office.clock.now())
        await uow.visits.add(visit)
        moved = inspection.in_state(await _state_after_visit(uow, inspection))
        await uow.inspections.save(moved)
        entries = await append(uow, inspection.id, [_draft(actor, visit)])
        changed = tuple(finding for finding in findings if finding is not None)
        return VisitRecorded(visit, changed, moved, entries)

    asked = command(actor, "record_site_visit", key, inspection_id, visited_at, who, kept)
    return await run(office, asked, VisitRecorded, work)


def _clean_item(item: VisitItem) -> VisitItem:
    if (item.finding_id is None) == (item.item_id is None):
        raise field_invalid("items", "each is a finding or a check item")
    note = clean_text("items.note", item.note, 500, least=0)
    return VisitItem(item.finding_id, item.item_id, item.confirmed, note)


def _require_form(
    office: Office, visited_at: datetime, visitors: tuple[str, ...], items: tuple[VisitItem, ...]
) -> None:
    if checked_instant("visited_at", visited_at) > office.clock.now():
        raise field_invalid("visited_at", "an instant that has been")
    if not 1 <= len(visitors) <= _MOST_VISITORS:
        raise field_invalid("visitors", f"needs 1 to {_MOST_VISITORS} names")
    if len(items) > _MOST_ITEMS:
        raise field_invalid("items", f"at most {_MOST_ITEMS}")


async def _visited(office: Office, uow: UnitOfWork, inspection: Inspection, item: VisitItem) -> Finding | None:
    if item.item_id is not None:
        if get_template(office, inspection.item_id).find_item(item.item_id) is None:
            raise field_invalid("items", "not in the template")
        return None
    finding = await uow.findings.find(item.finding_id or "")
    if finding is None or finding.inspection_id != inspection.id:
        raise field_invalid("items", "no such finding")
    changed = finding.visited(item.confirmed)
    await uow.findings.save(changed)
    return changed


async def _state_after_visit(uow: UnitOfWork, inspection: Inspection) -> InspectionState:
    if inspection.state is InspectionState.ON_SITE_REQUIRED:
        return await settled_state(uow, inspection.in_state(InspectionState.UNDER_REVIEW))
    return await settled_state(uow, inspection)


def _draft(actor: Actor, visit: SiteVisit) -> EntryDraft:
    items = [
        without_none(finding_id=item.finding_id, item_id=item.item_id, confirmed=item.confirmed, note=item.note)
        for item in visit.items
    ]
    payload = {
        "visit_id": visit.id,
        "visited_at": instant(visit.visited_at),
        "visitors": list(visit.visitors),
        "items": items,
    }
    return EntryDraft("site_visit", actor, visit.id, payload)
