"""What follows when a session is over, and when the relay was started anew."""

from __future__ import annotations

from collections.abc import Callable

from inspection.domain.instants import to_unix_us
from inspection.services.ports import Clock
from signaling.interruptions import Interruptions
from signaling.recovery import JournalRecovery


class Aftermath:
    """`ask_copy(inspection_id, session_id)` asks for a session's viewing copy, `stamp_end(inspection_id)` for a stamp
    of its ledger's end."""

    def __init__(
        self,
        recovery: JournalRecovery,
        interruptions: Interruptions,
        ask_copy: Callable[[str, str], None],
        stamp_end: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._recovery = recovery
        self._interruptions = interruptions
        self._ask_copy = ask_copy
        self._stamp_end = stamp_end
        self._clock = clock

    async def end(self, inspection_id: str, session_id: str) -> None:
        """Its journals are closed: what it lacks ends with it, its copy is asked for, its files are settled."""
        self._interruptions.end_session(session_id, to_unix_us(self._clock.now()))
        self._ask_copy(inspection_id, session_id)
        await self._recovery.settle(inspection_id, session_id)
        self._stamp_end(inspection_id)

    async def recover(self, inspection_id: str, session_id: str) -> None:
        """The relay left its journals as they were: they are read, and how far they reach is known then."""
        until_us = None
        try:
            until_us = await self._recovery.recover_session(inspection_id, session_id)
        finally:
            self._interruptions.recovered(session_id, until_us)
