"""Stills: planned with their stamp, rendered by the media plane, then put on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from inspection.domain.actor import Actor, Level, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import field_invalid, not_found
from inspection.domain.ids import lookup_number
from inspection.domain.inspections import Inspection
from inspection.domain.instants import from_unix_us
from inspection.domain.observations import Place, Still, StillReason
from inspection.domain.sessions import Session
from inspection.domain.stamp import StampFacts, stamp_lines, with_frame
from inspection.services.access import get_inspection_for, get_session_for, get_template, require_role
from inspection.services.challenges import require_challenge
from inspection.services.commands import Command, command, find_done, run
from inspection.services.ledger import append
from inspection.services.payloads import instant, without_none
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import RenderedStill, StillPlan, StillRecorded
from inspection.services.secrets import new_id

PLACE_LIFETIME = timedelta(minutes=2)
TILES_SEED_BYTES = 32


async def plan_still(
    office: Office,
    actor: Actor,
    session_id: str,
    reason: StillReason,
    item_id: str | None = None,
    at: datetime | None = None,
    challenge_id: str | None = None,
) -> StillPlan:
    """What to render and how to stamp it; nothing is kept yet. `at`: the moment it is of, None for now.

    `challenge_id`: the newest challenge of the session, whose code the picture shows. Raises `session_not_open`,
    `unknown`.
    """
    require_role(actor, Role.INSPECTOR, Role.SYSTEM)
    async with office.reading() as uow:
        inspection, session = await get_session_for(uow, actor, session_id)
        session.require_live()
        place = await uow.places.find(session.id)
        if challenge_id is not None:
            await require_challenge(uow, inspection.id, session.id, challenge_id)
    if item_id is not None and get_template(office, inspection.item_id).find_item(item_id) is None:
        raise field_invalid("item_id", "not in the template")
    still_id = new_id(office)
    of_at = at or office.clock.now()
    facts = _facts(office, actor, inspection, session, _recent(of_at, place), lookup_number(still_id), of_at)
    return StillPlan(
        still_id=still_id,
        inspection_id=inspection.id,
        session_id=session.id,
        reason=reason,
        item_id=item_id,
        lookup=facts.lookup,
        file=f"{session.id}/stills/{still_id}.jpg",
        stamp_lines=stamp_lines(facts),
        containment=facts.containment,
        challenge_id=challenge_id,
        tiles_seed=office.random.token_bytes(TILES_SEED_BYTES).hex(),
        fix=facts.fix,
        utc_offset_s=_utc_offset_s(office, of_at),
    )


def asked_still(
    actor: Actor, session_id: str, item_id: str | None, key: str, challenge_id: str | None = None
) -> Command:
    """A still that a person asked for; the same key is the same still, whatever was restarted meanwhile."""
    return command(actor, "take_still", key, session_id, item_id, challenge_id)


async def find_asked(office: Office, asked: Command) -> StillRecorded | None:
    """The still that was taken for that key before. Raises `idempotency_conflict`."""
    return await find_done(office, asked, StillRecorded)


async def record_still(
    office: Office, actor: Actor, plan: StillPlan, rendered: RenderedStill, asked: Command | None = None
) -> StillRecorded:
    """Puts a rendered still on record, also when the session ended while it was being rendered.

    Of a command that another still was taken for meanwhile, that one is the result.
    """
    require_role(actor, Role.INSPECTOR, Role.SYSTEM)
    still = _still(plan, rendered)

    async def work(uow: UnitOfWork) -> StillRecorded:
        inspection, _ = await get_session_for(uow, actor, plan.session_id)
        await uow.stills.add(still)
        draft = EntryDraft("still", actor, still.id, _payload(plan, rendered, still))
        return StillRecorded(still, await append(uow, inspection.id, [draft]))

    if asked is not None:
        return await run(office, asked, StillRecorded, work)
    async with office.uow() as uow:
        recorded = await work(uow)
        await uow.commit()
    return recorded


async def get_still(office: Office, actor: Actor, inspection_id: str, still_id: str) -> Still:
    """A still of an inspection that the actor may see. Raises `unknown`."""
    async with office.reading() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        still = await uow.stills.find(still_id)
    if still is None or still.inspection_id != inspection.id:
        raise not_found("still")
    return still


def _recent(of_at: datetime, place: Place | None) -> Place | None:
    """An old fix says nothing about where this picture was taken."""
    if place is None or of_at - place.at > PLACE_LIFETIME:
        return None
    return place


def _utc_offset_s(office: Office, at: datetime) -> int:
    offset = at.astimezone(ZoneInfo(office.rules.timezone)).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0


def _facts(
    office: Office,
    actor: Actor,
    inspection: Inspection,
    session: Session,
    place: Place | None,
    lookup: str,
    of_at: datetime,
) -> StampFacts:
    has_fix = place is not None and place.no_fix_cause is None
    return StampFacts(
        number=inspection.number,
        session_number=session.number,
        nature=session.nature,
        item_name=inspection.item_name,
        premises_name=inspection.premises.name,
        applicant_name=inspection.applicant.name,
        applicant_level=Level.PHONE,
        operator_name=None if actor.role is Role.SYSTEM else actor.name,
        fix=place.fix if place is not None and has_fix else None,
        no_fix_cause=place.no_fix_cause if place is not None else None,
        containment=place.containment if place is not None and has_fix else None,
        server_at=of_at,
        timezone=office.rules.timezone,
        lookup=lookup,
    )


def _still(plan: StillPlan, rendered: RenderedStill) -> Still:
    return Still(
        id=plan.still_id,
        inspection_id=plan.inspection_id,
        session_id=plan.session_id,
        track_id=rendered.track_id,
        reason=plan.reason,
        item_id=plan.item_id,
        lookup=plan.lookup,
        file=plan.file,
        jpeg_sha256=rendered.jpeg_sha256,
        frame_index=rendered.frame_index,
        arrival_at=from_unix_us(rendered.arrival_us),
        containment=plan.containment,
    )


def _payload(plan: StillPlan, rendered: RenderedStill, still: Still) -> dict[str, Any]:
    return without_none(
        still_id=still.id,
        session_id=still.session_id,
        track_id=still.track_id,
        reason=still.reason.value,
        item_id=still.item_id,
        challenge_id=plan.challenge_id,
        file=still.file,
        jpeg_sha256=rendered.jpeg_sha256,
        jpeg_bytes=rendered.jpeg_bytes,
        width=rendered.width,
        height=rendered.height,
        frame_index=rendered.frame_index,
        rtp_timestamp=rendered.rtp_timestamp,
        arrival_at=instant(still.arrival_at),
        encoded_sha256=rendered.encoded_sha256,
        i420_sha256=rendered.i420_sha256,
        tiles_root=rendered.tiles_root,
        tiles_seed=plan.tiles_seed if rendered.tiles_root is not None else None,
        stamp=list(with_frame(plan.stamp_lines, rendered.frame_index)),
        lookup=plan.lookup,
        containment=plan.containment.value if plan.containment is not None else None,
    )
