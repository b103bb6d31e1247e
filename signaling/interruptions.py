"""Outages by a restart of relay or server: one gap each, from the last recorded moment to the first again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import EntryDraft
from inspection.domain.instants import from_unix_us, rfc3339_ms

REMEMBERED_SESSIONS = 10_000

Offer = Callable[[str, EntryDraft], object]


@dataclass(slots=True)
class _Reach:
    """How far a session is recorded, and when it was over."""

    recorded_us: int = 0
    over_us: int | None = None


@dataclass(slots=True)
class _Open:
    inspection_id: str
    since_us: int
    is_recovered: bool
    ended_us: int | None = None


class Interruptions:
    """Told of what is attested, cut off and back. All times are unix microseconds.

    A gap is told once its end is known and the recovery has found how far the journals really reach. Of sessions
    that are over the last REMEMBERED_SESSIONS are known: a relay may be missed only after the end.
    """

    def __init__(self, offer: Offer) -> None:
        self._offer = offer
        self._reach: OrderedDict[str, _Reach] = OrderedDict()
        self._open: dict[str, _Open] = {}

    def note_recorded(self, session_id: str, until_us: int) -> None:
        """A segment was attested, or an absence was told, up to there."""
        reach = self._reach_of(session_id)
        reach.recorded_us = max(until_us, reach.recorded_us)

    def begin(self, inspection_id: str, session_id: str, since_us: int | None = None) -> None:
        """Media is cut off. `since_us`: how far the recovery found it recorded; else `recovered` says it later.

        Nothing where nothing was recorded. A second interruption before media was back belongs to the first.
        """
        reach = self._reach.get(session_id, _Reach())
        known_us = since_us or reach.recorded_us
        if not known_us:
            return
        opened = self._open.setdefault(session_id, _Open(inspection_id, known_us, since_us is not None))
        opened.ended_us = reach.over_us

    def recovered(self, session_id: str, until_us: int | None) -> None:
        """The journals were read: they reach further than was attested, or no further (None)."""
        opened = self._open.get(session_id)
        if opened is not None:
            opened.since_us = max(opened.since_us, until_us or 0)
            opened.is_recovered = True
            self._tell_if_over(session_id, opened)

    def end(self, session_id: str, at_us: int) -> None:
        """Media is back."""
        opened = self._open.get(session_id)
        if opened is not None and opened.ended_us is None:
            opened.ended_us = at_us
            self._tell_if_over(session_id, opened)

    def end_session(self, session_id: str, at_us: int) -> None:
        """The session is over, and so is what it lacks."""
        self._reach_of(session_id).over_us = at_us
        self.end(session_id, at_us)

    def _reach_of(self, session_id: str) -> _Reach:
        reach = self._reach.setdefault(session_id, _Reach())
        self._reach.move_to_end(session_id)
        if len(self._reach) > REMEMBERED_SESSIONS:
            self._reach.popitem(last=False)
        return reach

    def _tell_if_over(self, session_id: str, opened: _Open) -> None:
        if opened.ended_us is None or not opened.is_recovered:
            return
        del self._open[session_id]
        payload = {
            "session_id": session_id,
            "cause": "restart",
            "started_at": rfc3339_ms(from_unix_us(min(opened.since_us, opened.ended_us))),
            "ended_at": rfc3339_ms(from_unix_us(opened.ended_us)),
            "packets": 0,
        }
        self._offer(opened.inspection_id, EntryDraft("gap", SYSTEM, session_id, payload))
