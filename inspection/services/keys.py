"""The office's keys: which one is in use, and handing over to the next."""

from __future__ import annotations

from inspection.domain.errors import conflict
from inspection.domain.instants import parse_rfc3339
from inspection.domain.key_history import KeyLine, first_key, next_key
from inspection.services.ports import Office, Signer


async def change_key(office: Office, following: Signer) -> KeyLine:
    """Adds the key of `following`, signed by it and by the office's key, which signs nothing after it.

    Raises `signing_key_replaced` where the office's key is not the newest one, `key_known` for a key of the history.
    """
    now, old = office.clock.now(), office.signer
    async with office.uow() as uow:
        lines = await uow.keys.list()
        if not lines:
            lines = [first_key(old.public_key(), now, old.sign)]
            await uow.keys.add(lines[0])
        newest = lines[-1]
        if newest.public_key != old.public_key():
            raise conflict("signing_key_replaced", "the key in use is not the newest of the history")
        if any(line.public_key == following.public_key() for line in lines):
            raise conflict("key_known", "that key is in the history already")
        at = max(now, parse_rfc3339(newest.since))
        line = next_key(newest, following.public_key(), at, following.sign, old.sign)
        await uow.keys.add(line)
        await uow.commit()
    return line
