"""What is known of the clocks: how NTP holds the server's, and how far a phone's is off. Entries, nothing more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inspection.domain.actor import SYSTEM, Actor
from inspection.domain.entry import EntryDraft
from inspection.services.access import get_participant, get_session_for
from inspection.services.ledger import append
from inspection.services.payloads import without_none
from inspection.services.ports import NtpState, Office
from inspection.services.results import Recorded


def clock_draft(session_id: str, state: NtpState | None) -> EntryDraft:
    """The server's clock as the kernel sees it; without state nobody can tell (`source` `unknown`)."""
    about: dict[str, Any] = {"session_id": session_id, "source": "unknown"}
    if state is not None:
        about = without_none(
            session_id=session_id,
            source="ntp",
            synchronised=state.synchronised,
            offset_us=state.offset_us,
            max_error_us=state.max_error_us,
        )
    return EntryDraft("clock", SYSTEM, session_id, about)


@dataclass(frozen=True, slots=True)
class PhoneClock:
    """A phone's clock less the server's, and how long the exchange took that showed it, in milliseconds."""

    offset_ms: int
    round_trip_ms: int


async def record_phone_clock(office: Office, actor: Actor, session_id: str, measured: PhoneClock) -> Recorded:
    """Puts it on record: a fact that the server states of the actor's device."""
    async with office.uow() as uow:
        inspection, session = await get_session_for(uow, actor, session_id)
        person = await get_participant(uow, actor, session.id)
        payload = {
            "session_id": session.id,
            "participant_id": person.id,
            "offset_ms": measured.offset_ms,
            "round_trip_ms": measured.round_trip_ms,
        }
        entries = await append(uow, inspection.id, [EntryDraft("phone_clock", SYSTEM, person.actor_id, payload)])
        await uow.commit()
    return Recorded(inspection.id, entries)
