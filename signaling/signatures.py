"""Counts the page-signed frames of live tracks, away from the loop, and puts what they show on record.

Every ten seconds, and when a track ends: as far as its segments are attested, so that no entry speaks of bytes that
a power cut may still take.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError
from inspection.services.media_ledger import MediaLedger
from inspection.services.page_keys import EnrolledKeys
from inspection.services.ports import Office
from media import events
from media.errors import MediaError
from media.signatures_port import SignaturesCounted, SignaturesPort

COUNT_EVERY_S = 10.0
#: What is still to be counted when the server stops has as long.
DRAIN_S = 3.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Watched:
    """A video track of the applicant. `attested_bytes`: None once nobody writes it any more."""

    inspection_id: str
    session_id: str
    track_id: str
    participant_id: str
    path: Path
    counted_s: float
    next_index: int = 0
    attested_bytes: int | None = 0
    is_ended: bool = False


class SignatureWatch:
    """Owner of one task, which counts one track after the other. Told of facts in order; never waits."""

    def __init__(
        self,
        port: SignaturesPort,
        office: Office,
        ledger: MediaLedger,
        evidence_root: Path,
        monotonic_s: Callable[[], float],
    ) -> None:
        self._port = port
        self._office = office
        self._ledger = ledger
        self._root = evidence_root
        self._monotonic_s = monotonic_s
        self._tracks: dict[str, _Watched] = {}
        self._cut_off: dict[str, _Watched] = {}
        self._keys: dict[str, EnrolledKeys] = {}
        self._due: dict[str, _Watched] = {}
        self._changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._idle.set()
            self._task = asyncio.create_task(self._run(), name="signatures")

    async def aclose(self) -> None:
        """Counts what is due for a moment, then ends. Idempotent."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            await asyncio.wait_for(self._idle.wait(), DRAIN_S)
        except TimeoutError:
            _log.warning("the signatures of %d tracks are not counted to their end", len(self._due))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def take(self, inspection_id: str, event: events.RelayEvent) -> None:
        """A fact of the relay, after its own entry was offered."""
        match event:
            case events.TrackStarted(role="applicant", kind="video"):
                path = self._root / inspection_id / event.session_id / event.journal
                self._tracks[event.track_id] = _Watched(
                    inspection_id, event.session_id, event.track_id, event.participant_id, path, self._monotonic_s()
                )
            case events.SegmentClosed():
                self._note_attested(event)
            case events.TrackEnded():
                self._end(event.track_id)

    def relay_restarted(self) -> None:
        """Nobody writes these tracks any more; they are counted once what the relay left of them is on record."""
        self._cut_off |= self._tracks
        self._tracks = {}

    def recovered(self, session_id: str) -> None:
        """The journals that the relay left are on record as they are."""
        for watched in [each for each in self._cut_off.values() if each.session_id == session_id]:
            watched.attested_bytes = None
            self._finish(self._cut_off.pop(watched.track_id))

    def _note_attested(self, segment: events.SegmentClosed) -> None:
        watched = self._tracks.get(segment.track_id)
        if watched is None or watched.attested_bytes is None:
            return
        watched.attested_bytes = max(watched.attested_bytes, segment.offset + segment.length)
        if self._monotonic_s() - watched.counted_s >= COUNT_EVERY_S:
            self._ask(watched)

    def _end(self, track_id: str) -> None:
        watched = self._tracks.pop(track_id, None)
        if watched is not None:
            self._finish(watched)

    def _finish(self, watched: _Watched) -> None:
        watched.is_ended = True
        self._ask(watched)

    def _ask(self, watched: _Watched) -> None:
        self._due[watched.track_id] = watched
        self._idle.clear()
        self._changed.set()

    async def _run(self) -> None:
        while True:
            if not self._due:
                self._idle.set()
                self._changed.clear()
                await self._changed.wait()
            for track_id in list(self._due):
                await self._count(self._due.pop(track_id))

    async def _count(self, watched: _Watched) -> None:
        watched.counted_s = self._monotonic_s()
        try:
            keys = await self._keys_of(watched)
            if keys or watched.is_ended:
                await self._put_on_record(watched, keys)
        except (MediaError, InspectionError) as error:
            _log.warning("the signatures of track %s are not counted now: %s", watched.track_id, error.code)
        except Exception:  # one track's trouble must not leave the others uncounted
            _log.exception("the signatures of track %s are not counted now", watched.track_id)
        if watched.is_ended:
            self._forget_keys(watched.inspection_id)

    async def _put_on_record(self, watched: _Watched, keys: list[bytes]) -> None:
        counted = await self._port.count(
            watched.track_id, watched.path, keys, watched.next_index, watched.attested_bytes, watched.is_ended
        )  # fmt: skip
        if counted is not None and self._ledger.offer(watched.inspection_id, draft_of(watched, counted)):
            watched.next_index = counted.to_index + 1

    async def _keys_of(self, watched: _Watched) -> list[bytes]:
        keys = self._keys.setdefault(watched.inspection_id, EnrolledKeys(watched.inspection_id))
        await keys.refresh(self._office)
        return list(keys.of(watched.session_id, watched.participant_id))

    def _forget_keys(self, inspection_id: str) -> None:
        held = (*self._tracks.values(), *self._cut_off.values(), *self._due.values())
        if not any(other.inspection_id == inspection_id for other in held):
            self._keys.pop(inspection_id, None)


def draft_of(watched: _Watched, counted: SignaturesCounted) -> EntryDraft:
    payload = {"session_id": watched.session_id, "track_id": watched.track_id, **asdict(counted)}
    return EntryDraft("signatures", SYSTEM, watched.track_id, payload)
