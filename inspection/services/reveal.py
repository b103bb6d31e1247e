"""Looking at a number that screens mask: an act with a reason, which is itself on record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from inspection.domain.actor import Actor, Role
from inspection.domain.entry import Entry, EntryDraft
from inspection.domain.errors import InspectionError, Kind, conflict, field_invalid
from inspection.domain.retention import ERASED_WORDS
from inspection.domain.text import clean_text
from inspection.services.access import get_inspection_for, require_role
from inspection.services.ledger import append
from inspection.services.ports import Office, UnitOfWork

SHOWN_S = 30
_REASON = 200
_WINDOW = timedelta(hours=1)
_MOST = 10


@dataclass(frozen=True, slots=True)
class Revealed:
    """The number in clear; the page takes it away again after `shown_s`."""

    inspection_id: str
    value: str = field(repr=False)
    shown_s: int
    entries: tuple[Entry, ...]


async def reveal(office: Office, actor: Actor, inspection_id: str, what: str, reason: str) -> Revealed:
    """`what`: `id_number` or `phone` of the applicant.

    Raises `too_many_attempts` after ten in an hour by the same person, `erased` where it is gone.
    """
    require_role(actor, Role.INSPECTOR, Role.AUDITOR)
    if what not in ("id_number", "phone"):
        raise field_invalid("what", "id_number or phone")
    kept = clean_text("reason", reason, _REASON, least=2, one_line=True)
    async with office.uow() as uow:
        inspection = await get_inspection_for(uow, actor, inspection_id)
        await _require_few(office, uow, actor)
        applicant = inspection.applicant
        value = applicant.id_number if what == "id_number" else applicant.phone
        if value == ERASED_WORDS:
            raise conflict("erased", "it was erased")
        payload = {"what": what, "of": applicant.id, "reason": kept}
        entries = await append(uow, inspection.id, [EntryDraft("reveal", actor, None, payload)])
        await uow.commit()
    return Revealed(inspection.id, value, SHOWN_S, entries)


async def _require_few(office: Office, uow: UnitOfWork, actor: Actor) -> None:
    now = office.clock.now()
    tries = await uow.attempts.since("reveal", actor.id, now - _WINDOW)
    if len(tries) >= _MOST:
        wait = tries[-_MOST] + _WINDOW - now
        raise InspectionError(
            Kind.NOT_ALLOWED,
            "too_many_attempts",
            "too many numbers looked at",
            retry_after_s=int(wait.total_seconds()),
        )
    await uow.attempts.add("reveal", actor.id, now)
