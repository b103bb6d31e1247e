"""Who hears of new checkpoints: the page that keeps a receipt, the time stamp's queue, the keeper of the rhythm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from inspection.domain.checkpoints import Checkpoint
from inspection.services.ledger_ports import LedgerGrowth, LedgerNews

_log = logging.getLogger(__name__)

OnCheckpoint = Callable[[str, Checkpoint], None]
"""`(inspection_id, checkpoint)`: on the event loop, after the commit; must neither block nor raise."""


class CheckpointFeed:
    """Tells listeners of committed checkpoints: of each commit and inspection the newest one, in order."""

    def __init__(self) -> None:
        self._listeners: list[LedgerNews] = []

    def listen(self, on_checkpoint: OnCheckpoint) -> Callable[[], None]:
        """From now on; the result ends it and may be called twice."""
        return self.follow(_OfCheckpoints(on_checkpoint))

    def follow(self, listener: LedgerNews) -> Callable[[], None]:
        """Like `listen`, for whoever must hear of entries without a checkpoint too."""
        self._listeners.append(listener)

        def leave() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return leave

    def grown(self, growth: LedgerGrowth) -> None:
        """For the store: what a commit did. A listener that fails costs nobody else the news."""
        for listener in tuple(self._listeners):
            try:
                listener.grown(growth)
            except Exception:  # committed already: nothing here may look like a failed commit
                _log.exception("a listener to checkpoints failed")


@dataclass(frozen=True, slots=True, eq=False)
class _OfCheckpoints:
    on_checkpoint: OnCheckpoint

    def grown(self, growth: LedgerGrowth) -> None:
        if growth.checkpoint is not None:
            self.on_checkpoint(growth.inspection_id, growth.checkpoint)
