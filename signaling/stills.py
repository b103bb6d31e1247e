"""Stills of live sessions: on demand while the inspector waits, automatic ones in the background."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from inspection.domain.actor import SYSTEM, Actor
from inspection.domain.errors import InspectionError, conflict
from inspection.domain.observations import StillReason
from inspection.domain.still_policy import ItemMarked, StillEvent, after_event, wants_still
from inspection.services import stills
from inspection.services.ports import Office
from inspection.services.results import RenderedStill, StillRecorded
from media.errors import MediaError
from media.stills_port import StampText, StillsPort
from signaling.feed import EntryFeed
from signaling.seats import LiveSession

_log = logging.getLogger(__name__)

AUTOMATIC_QUEUE = 64
REMEMBERED_KEYS = 1000
NO_PICTURE_TRIES = 10
NO_PICTURE_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class _Wanted:
    session: LiveSession
    reason: StillReason
    item_id: str | None


class LiveStills:
    """Plans, renders and records. Owns the queue of automatic stills: bounded; when full the newest is left out."""

    def __init__(self, office: Office, port: StillsPort, feed: EntryFeed, evidence_root: Path) -> None:
        self._office = office
        self._port = port
        self._feed = feed
        self._root = evidence_root
        self._wanted: asyncio.Queue[_Wanted] = asyncio.Queue(AUTOMATIC_QUEUE)
        self._by_key: OrderedDict[tuple[str, str], asyncio.Future[StillRecorded]] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="automatic-stills")

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def take_once(self, session: LiveSession, actor: Actor, item_id: str | None, key: str) -> StillRecorded:
        """The newest picture; the same key of the same person gives the same still again.

        Raises `no_picture_yet`, `session_not_open`, `character_not_supported`.
        """
        held = self._by_key.get((actor.id, key))
        if held is None:
            held = asyncio.ensure_future(self._take(session, actor, StillReason.MANUAL, item_id))
            self._by_key[actor.id, key] = held
            while len(self._by_key) > REMEMBERED_KEYS:
                self._by_key.popitem(last=False)
        try:
            return await asyncio.shield(held)
        except Exception:
            self._by_key.pop((actor.id, key), None)
            raise

    def consider(self, session: LiveSession, event: StillEvent) -> None:
        """Lets the policy decide about an automatic still."""
        reason = wants_still(event, session.still_state)
        session.still_state = after_event(event, session.still_state)
        if reason is None or session.is_ending:
            return
        item_id = event.item_id if isinstance(event, ItemMarked) else None
        try:
            self._wanted.put_nowait(_Wanted(session, reason, item_id))
        except asyncio.QueueFull:
            _log.warning("automatic still (%s) of session %s left out: queue full", reason, session.session_id)

    async def _run(self) -> None:
        while True:
            wanted = await self._wanted.get()
            try:
                await self._take_patiently(wanted)
            except (InspectionError, MediaError) as error:
                _log.warning("automatic still of session %s left out: %s", wanted.session.session_id, error.code)
            except Exception:  # the next still must not suffer from this one
                _log.exception("automatic still of session %s failed", wanted.session.session_id)

    async def _take_patiently(self, wanted: _Wanted) -> None:
        """Right after the start the first picture may not have been written yet."""
        for tries_left in reversed(range(NO_PICTURE_TRIES)):
            try:
                await self._take(wanted.session, SYSTEM, wanted.reason, wanted.item_id)
                return
            except MediaError as error:
                if error.code != "no_picture_yet" or tries_left == 0:
                    raise
            await asyncio.sleep(NO_PICTURE_PAUSE_S)

    async def _take(
        self, session: LiveSession, actor: Actor, reason: StillReason, item_id: str | None
    ) -> StillRecorded:
        track = session.picture
        if track is None:
            raise conflict("no_picture_yet", "the applicant's camera has sent nothing yet")
        plan = await stills.plan_still(self._office, actor, session.session_id, reason, item_id)
        session_folder = self._root / session.inspection_id / session.session_id
        rendered = await self._port.render(
            plan.still_id,
            session_folder / track.journal,
            None,
            StampText(plan.stamp_lines),
            self._root / session.inspection_id / plan.file,
        )
        recorded = await stills.record_still(
            self._office,
            actor,
            plan,
            RenderedStill(
                track_id=track.track_id,
                jpeg_sha256=rendered.jpeg_sha256,
                jpeg_bytes=rendered.jpeg_bytes,
                width=rendered.width,
                height=rendered.height,
                frame_index=rendered.frame_index,
                rtp_timestamp=rendered.rtp_timestamp,
                arrival_us=rendered.arrival_us,
                encoded_sha256=rendered.encoded_sha256,
                i420_sha256=rendered.i420_sha256,
            ),
        )
        self._feed.publish(recorded.entries)
        return recorded
