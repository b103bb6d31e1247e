"""「时间口令」: a code of a time-stamped ledger, shown on the phone, read or written in the picture."""

from __future__ import annotations

from dataclasses import dataclass

from inspection.domain.actor import Actor, Role
from inspection.domain.challenges import challenge_code
from inspection.domain.checkpoints import Checkpoint
from inspection.domain.entry import Entry, EntryDraft
from inspection.domain.errors import conflict, field_invalid
from inspection.services.access import get_participant, get_session_for, require_role
from inspection.services.commands import command, run
from inspection.services.ledger import append
from inspection.services.ports import Office, UnitOfWork
from inspection.services.secrets import new_id


@dataclass(frozen=True, slots=True)
class ChallengeShown:
    """The code, and when the newest time stamp was made that it rests on (RFC 3339; the authority's own time)."""

    challenge_id: str
    code: str
    gen_time: str
    is_test: bool
    entries: tuple[Entry, ...]


async def show_challenge(office: Office, actor: Actor, session_id: str, key: str) -> ChallengeShown:
    """Makes a code; the phone shows it when it hears of the entry.

    Raises `challenge_no_timestamp` where no checkpoint rests on a time stamp yet, `session_not_open`.
    """
    require_role(actor, Role.INSPECTOR)

    async def work(uow: UnitOfWork) -> ChallengeShown:
        inspection, session = await get_session_for(uow, actor, session_id)
        session.require_live()
        await get_participant(uow, actor, session.id)
        head, stamp = await _newest_stamped(uow, inspection.id)
        challenge_id = new_id(office)
        code = challenge_code(head.root_bytes, challenge_id)
        about = {"session_id": session.id, "challenge_id": challenge_id}
        payload = {**about, "code": code, "size": head.size, "root": head.root}
        entries = await append(uow, inspection.id, [EntryDraft("challenge", actor, session.id, payload)])
        said = stamp.payload
        return ChallengeShown(challenge_id, code, said["gen_time"], said["is_test"], entries)

    return await run(office, command(actor, "show_challenge", key, session_id), ChallengeShown, work)


async def require_challenge(uow: UnitOfWork, inspection_id: str, session_id: str, challenge_id: str) -> None:
    """Raises `field_invalid` unless it is the newest challenge, and of that session: an older one shows no longer."""
    head = await uow.entries.head(inspection_id)
    newest = None if head is None else await uow.entries.find_newest(inspection_id, "challenge", head[0])
    said = {} if newest is None else newest.payload
    if (said.get("session_id"), said.get("challenge_id")) != (session_id, challenge_id):
        raise field_invalid("challenge_id", "not the newest challenge of this session")


async def _newest_stamped(uow: UnitOfWork, inspection_id: str) -> tuple[Checkpoint, Entry]:
    head = await uow.checkpoints.find_last(inspection_id)
    stamp = None if head is None else await uow.entries.find_newest(inspection_id, "timestamp", head.size)
    if head is None or stamp is None:
        raise conflict("challenge_no_timestamp", "no outside time stamp yet that a code could rest on")
    return head, stamp
