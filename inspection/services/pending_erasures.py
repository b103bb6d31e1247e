"""The task that goes on with erasures which were interrupted, for as long as something keeps them from their end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from inspection.domain.errors import InspectionError
from inspection.services.erasure import Remains, finish_erasures
from inspection.services.ports import Office

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PendingErasuresConfig:
    """A try holds up whoever writes: so there is a longer pause after each."""

    first_retry_s: float = 5.0
    last_retry_s: float = 600.0


class PendingErasures:
    """Owns one task, where the first try does not end them all."""

    def __init__(
        self, office: Office, remains: Remains, config: PendingErasuresConfig = PendingErasuresConfig()
    ) -> None:
        self._office = office
        self._remains = remains
        self._config = config
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Tries once, and again in the background where that fails: a reader of the database keeps no office closed."""
        if self._task is None and not await self._finish():
            self._task = asyncio.create_task(self._run(), name="pending-erasures")

    async def aclose(self) -> None:
        """What is not done stays on record for the next start. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _run(self) -> None:
        delay_s = self._config.first_retry_s
        while True:
            await asyncio.sleep(delay_s)
            if await self._finish():
                return
            delay_s = min(delay_s * 2, self._config.last_retry_s)

    async def _finish(self) -> bool:
        try:
            count = await finish_erasures(self._office, self._remains)
        except InspectionError as error:
            _log.warning("erasures are pending still (%s), tries again", error)
            return False
        except Exception:  # the office works on without; what is pending is on record
            _log.exception("erasures are pending still, tries again")
            return False
        if count:
            _log.info("%d interrupted erasures are done", count)
        return True
