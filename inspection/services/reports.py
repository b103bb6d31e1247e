"""What people report, mark and say during a live session. Every one of them is an entry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from geo import Containment, Datum, Doubt, Fix, GeoError, NoFixCause, Position, distance_m, judge
from inspection.domain.actor import Actor, Role
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError, Kind, field_invalid
from inspection.domain.inspections import Inspection, Premises
from inspection.domain.instants import checked_instant
from inspection.domain.observations import CheckMark, CheckResult, Place, Seen
from inspection.domain.sessions import Session
from inspection.domain.text import clean_text
from inspection.services.access import get_participant, get_session_for, get_template, require_role
from inspection.services.commands import command, run, run_once
from inspection.services.ledger import append
from inspection.services.payloads import fix_position_payload, instant, without_none
from inspection.services.ports import Office, UnitOfWork
from inspection.services.results import CheckMarked, FixReported, Recorded, SessionChanged

_NOTE, _CHAT = 500, 1000
_MOST_STILLS = 50


@dataclass(frozen=True, slots=True)
class FixReport:
    """A fix as the phone reports it; `taken_at` by the phone's clock."""

    latitude: float
    longitude: float
    accuracy_m: float
    taken_at: datetime
    source: str
    datum: Datum = Datum.WGS84


async def report_fix(office: Office, actor: Actor, session_id: str, report: FixReport, key: str) -> FixReported:
    """Records a fix with its doubts, whatever they are. Raises `fix_invalid` only for what is no position."""
    require_role(actor, Role.APPLICANT)
    fix = _fix_of(report, office.clock.now())

    async def work(uow: UnitOfWork) -> FixReported:
        inspection, session = await _open_session(uow, actor, session_id)
        session.require_position_agreed()
        earlier = await uow.places.find(session.id)
        doubts = tuple(judge(earlier.fix if earlier else None, fix, office.clock.now()))
        inside, away_m = _containment(inspection.premises, fix)
        await uow.places.save(Place(session.id, fix, inside, doubts, None, fix.received_at))
        draft = EntryDraft("fix", actor, session.id, _fix_payload(session, fix, inside, away_m, doubts), fix.taken_at)
        return FixReported(inside, away_m, doubts, await append(uow, inspection.id, [draft]))

    return await run(office, command(actor, "report_fix", key, session_id, report), FixReported, work)


async def report_no_fix(office: Office, actor: Actor, session_id: str, cause: NoFixCause, key: str) -> Recorded:
    """Records that there is no position, and why: never a fault of the applicant."""
    require_role(actor, Role.APPLICANT)

    async def work(uow: UnitOfWork) -> Recorded:
        inspection, session = await _open_session(uow, actor, session_id)
        earlier = await uow.places.find(session.id)
        last = earlier.fix if earlier else None
        place = Place(session.id, last, None, (), cause.value, office.clock.now())
        await uow.places.save(place)
        payload = {"session_id": session.id, "cause": cause.value}
        draft = EntryDraft("no_fix", actor, session.id, payload)
        return Recorded(inspection.id, await append(uow, inspection.id, [draft]))

    return await run(office, command(actor, "report_no_fix", key, session_id, cause), Recorded, work)


async def mark_check(
    office: Office,
    actor: Actor,
    session_id: str,
    *,
    item_id: str,
    seen: Seen,
    result: CheckResult,
    note: str = "",
    still_ids: tuple[str, ...] = (),
    key: str,
) -> CheckMarked:
    """Marks a check item; only what was seen can pass. Raises `field_invalid`, `session_not_open`."""
    require_role(actor, Role.INSPECTOR)
    kept_note = clean_text("note", note, _NOTE, least=0)

    async def work(uow: UnitOfWork) -> CheckMarked:
        inspection, session = await _joined_session(uow, actor, session_id)
        item = get_template(office, inspection.item_id).find_item(item_id)
        if item is None:
            raise field_invalid("item_id", "not in the template")
        await _require_stills(uow, inspection, still_ids)
        now = office.clock.now()
        mark = CheckMark(session.id, item_id, seen, result, kept_note, still_ids, actor.id, now)
        mark.require_sense()
        await uow.checks.save(mark)
        draft = EntryDraft("check", actor, session.id, _check_payload(mark, item.title))
        return CheckMarked(inspection.id, mark, await append(uow, inspection.id, [draft]))

    asked = command(actor, "mark_check", key, session_id, item_id, seen, result, kept_note, still_ids)
    return await run(office, asked, CheckMarked, work)


async def send_chat(office: Office, actor: Actor, session_id: str, text: str, key: str) -> Recorded:
    """A line of chat, from anyone in the session."""
    kept = clean_text("text", text, _CHAT)
    return await _record(office, actor, session_id, key, "chat", {"text": kept})


async def request_detail(office: Office, actor: Actor, session_id: str, on: bool, key: str) -> Recorded:
    """The inspector asks for more detail in the picture, or for no more of it."""
    require_role(actor, Role.INSPECTOR)
    what = "detail_on" if on else "detail_off"
    return await _record(office, actor, session_id, key, "guidance", {"what": what})


async def ask_cover(office: Office, actor: Actor, session_id: str, key: str) -> Recorded:
    """「请遮挡」: the inspector asks to cover what should not be on record."""
    require_role(actor, Role.INSPECTOR)
    return await _record(office, actor, session_id, key, "guidance", {"what": "cover"})


async def record_device(
    office: Office,
    actor: Actor,
    session_id: str,
    *,
    camera: str,
    muted: bool,
    paused: bool,
    torch: bool,
    weak_uplink: bool = False,
    is_on_record: bool = False,
    key: str,
) -> tuple[SessionChanged, bool]:
    """What a participant's device does: which camera, muted, paused, torch; and whether it was said just now.

    A repeat tells what was so then. It must change nothing that is so by now.
    is_on_record: this participant's last entry says just that. Then there is no other, and only the key is kept.
    weak_uplink: it sends few, sharp frames, because its line carries no more.
    """
    kept = clean_text("camera", camera, 20, least=0, one_line=True)
    about = {"session_id": session_id, "camera": kept, "muted": muted, "paused": paused, "torch": torch}
    about |= {"weak_uplink": True} if weak_uplink else {}

    async def work(uow: UnitOfWork) -> SessionChanged:
        inspection, session = await _open_session(uow, actor, session_id)
        person = await get_participant(uow, actor, session.id)
        await uow.participants.save(replace(person, muted=muted))
        drafts = [] if is_on_record else [EntryDraft("device", actor, session.id, about)]
        entries = await append(uow, inspection.id, drafts) if drafts else ()
        people = tuple(await uow.participants.list(session.id))
        return SessionChanged(inspection.id, session, people, entries)

    asked = command(actor, "record_device", key, *about.values())
    return await run_once(office, asked, SessionChanged, work)


async def _record(
    office: Office, actor: Actor, session_id: str, key: str, kind: str, about: dict[str, Any]
) -> Recorded:
    require_role(actor, Role.INSPECTOR, Role.APPLICANT)

    async def work(uow: UnitOfWork) -> Recorded:
        inspection, session = await _open_session(uow, actor, session_id)
        await get_participant(uow, actor, session.id)
        draft = EntryDraft(kind, actor, session.id, {"session_id": session.id, **about})
        return Recorded(inspection.id, await append(uow, inspection.id, [draft]))

    asked = command(actor, kind, key, session_id, *about.values())
    return await run(office, asked, Recorded, work)


async def _open_session(uow: UnitOfWork, actor: Actor, session_id: str) -> tuple[Inspection, Session]:
    inspection, session = await get_session_for(uow, actor, session_id)
    session.require_open()
    return inspection, session


async def _joined_session(uow: UnitOfWork, actor: Actor, session_id: str) -> tuple[Inspection, Session]:
    inspection, session = await get_session_for(uow, actor, session_id)
    session.require_live()
    await get_participant(uow, actor, session.id)
    return inspection, session


async def _require_stills(uow: UnitOfWork, inspection: Inspection, still_ids: tuple[str, ...]) -> None:
    if len(still_ids) > _MOST_STILLS:
        raise field_invalid("still_ids", f"at most {_MOST_STILLS}")
    for still_id in still_ids:
        still = await uow.stills.find(still_id)
        if still is None or still.inspection_id != inspection.id:
            raise field_invalid("still_ids", "no such still")


def _fix_of(report: FixReport, now: datetime) -> Fix:
    source = clean_text("source", report.source, 40, least=0, one_line=True)
    taken_at = checked_instant("taken_at", report.taken_at)
    try:
        position = Position(report.latitude, report.longitude, report.datum)
        return Fix(position, report.accuracy_m, taken_at, now, source)
    except GeoError as error:
        raise InspectionError(Kind.INVALID, "fix_invalid", "no position", field="position") from error


def _containment(premises: Premises, fix: Fix) -> tuple[Containment | None, float | None]:
    inside = premises.fence.contains(fix) if premises.fence is not None else None
    if premises.position is None:
        return inside, None
    return inside, distance_m(premises.position, fix.position)


def _fix_payload(
    session: Session,
    fix: Fix,
    inside: Containment | None,
    away_m: float | None,
    doubts: tuple[Doubt, ...],
) -> dict[str, Any]:
    return without_none(
        session_id=session.id,
        position=fix_position_payload(fix),
        containment=inside.value if inside is not None else None,
        distance_cm=round(away_m * 100) if away_m is not None else None,
        doubts=[doubt.value for doubt in doubts],
        source=fix.source,
        taken_at=instant(fix.taken_at),
    )


def _check_payload(mark: CheckMark, title: str) -> dict[str, Any]:
    return {
        "session_id": mark.session_id,
        "item_id": mark.item_id,
        "title": title,
        "seen": mark.seen.value,
        "result": mark.result.value,
        "still_ids": list(mark.still_ids),
        "note": mark.note,
    }
