"""Which checkpoints are due for a time stamp. Pure: instants of a monotonic clock are arguments."""

from __future__ import annotations

from dataclasses import dataclass

from inspection.domain.checkpoints import Checkpoint

#: What a session leaves behind (last segments) is in the ledger so long after its end.
SETTLE_S = 2.0
#: What stamping itself appended has its own checkpoint well within that time.
QUIET_S = 60.0


@dataclass(slots=True)
class _Watched:
    newest: Checkpoint | None = None
    asked_size: int = 0
    own_entries: int = 0
    asked_s: float | None = None
    closing_s: float | None = None

    @property
    def is_new(self) -> bool:
        """Whether there is more in the ledger than what stamping itself put there."""
        return self.newest is not None and self.newest.size > self.asked_size + self.own_entries

    def due_s(self, every_s: float) -> float:
        """When there is something to do: to stamp what is new, or to forget what has been quiet."""
        if self.asked_s is None:
            return float("-inf") if self.closing_s is None or self.is_new else self.closing_s
        regular_s = self.asked_s + every_s + (0 if self.is_new else QUIET_S)
        return regular_s if self.closing_s is None else min(regular_s, self.closing_s)


class StampSchedule:
    """An inspection that grows is stamped every `every_s`, and once more soon after a session of it ended.

    Holds the newest checkpoint of `capacity` inspections; one more is left out until there is room, and `note` says so.
    """

    def __init__(self, every_s: float, capacity: int = 10_000) -> None:
        self._every_s = every_s
        self._capacity = capacity
        self._watched: dict[str, _Watched] = {}

    def note(self, inspection_id: str, checkpoint: Checkpoint) -> bool:
        """A new checkpoint; False where there is no room for it."""
        watched = self._find(inspection_id)
        if watched is None:
            return False
        if watched.newest is None or checkpoint.size > watched.newest.size:
            watched.newest = checkpoint
        return True

    def note_own(self, inspection_id: str, entries: int) -> None:
        """Stamping itself adds that many entries: they alone are worth no stamp. Negative: it did not after all."""
        watched = self._find(inspection_id)
        if watched is not None:
            watched.own_entries += entries

    def close(self, inspection_id: str, now_s: float) -> None:
        """A session ended: the end of the ledger is due as soon as it has settled."""
        watched = self._find(inspection_id)
        if watched is not None:
            watched.closing_s = now_s + SETTLE_S

    def take_due(self, now_s: float) -> list[tuple[str, Checkpoint]]:
        """What is to be stamped now; forgets inspections that have been quiet long enough."""
        due: list[tuple[str, Checkpoint]] = []
        for inspection_id, watched in list(self._watched.items()):
            if watched.due_s(self._every_s) > now_s:
                continue
            if watched.is_new and watched.newest is not None:
                due.append((inspection_id, watched.newest))
                later_s = watched.closing_s if (watched.closing_s or 0) > now_s else None
                self._watched[inspection_id] = _Watched(watched.newest, watched.newest.size, 0, now_s, later_s)
            elif watched.asked_s is None or watched.asked_s + self._every_s + QUIET_S <= now_s:
                del self._watched[inspection_id]
            else:
                watched.closing_s = None
        return due

    def wait_s(self, now_s: float) -> float | None:
        """How long until `take_due` has something to do; None: until the next checkpoint."""
        due_s = [watched.due_s(self._every_s) for watched in self._watched.values()]
        return max(0.0, min(due_s) - now_s) if due_s else None

    def _find(self, inspection_id: str) -> _Watched | None:
        if inspection_id not in self._watched and len(self._watched) >= self._capacity:
            return None
        return self._watched.setdefault(inspection_id, _Watched())
