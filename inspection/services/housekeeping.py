"""Forgetting what is of no use any more. Never the ledger."""

from __future__ import annotations

from datetime import timedelta

from inspection.services.ports import Office

COMMAND_LIFETIME = timedelta(days=7)
ATTEMPT_LIFETIME = timedelta(days=1)


async def forget_old(office: Office) -> None:
    """Drops idempotency keys after a week and counted tries after a day; run it at the start and daily."""
    now = office.clock.now()
    async with office.uow() as uow:
        await uow.commands.purge(now - COMMAND_LIFETIME)
        await uow.attempts.purge(now - ATTEMPT_LIFETIME)
        await uow.commit()
