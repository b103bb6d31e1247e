"""Stills of live sessions: on demand while the inspector waits, automatic ones in the background.

An automatic still is of the moment that called for it, also where it has to wait for its turn.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from geo import Datum
from inspection.domain.actor import SYSTEM, Actor
from inspection.domain.errors import InspectionError, conflict
from inspection.domain.instants import to_unix_us
from inspection.domain.observations import StillReason
from inspection.domain.still_policy import ItemMarked, StillEvent, after_event, wants_still
from inspection.services import stills
from inspection.services.commands import Command
from inspection.services.ports import Office
from inspection.services.results import RenderedStill, StillPlan, StillRecorded
from media.errors import MediaError
from media.stills_port import GpsPosition, PictureFacts, StampText, StillRendered, StillsPort
from signaling.feed import EntryFeed
from signaling.seats import LiveSession, LiveTrack
from signaling.still_queue import FairQueue

_log = logging.getLogger(__name__)

#: Automatic stills that are made at a time, of as many sessions.
WORKERS = 2
NO_PICTURE_TRIES = 10
NO_PICTURE_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`at`: of which moment, None for the first picture that there is. `track`: what was sent then, if anything."""

    session: LiveSession
    reason: StillReason
    item_id: str | None
    at: datetime | None
    track: LiveTrack | None


class LiveStills:
    """Plans, renders and records. Owns the lines of automatic stills: bounded; when full the newest is left out."""

    def __init__(self, office: Office, port: StillsPort, feed: EntryFeed, evidence_root: Path) -> None:
        self._office = office
        self._port = port
        self._feed = feed
        self._root = evidence_root
        self._wanted: FairQueue[_Wanted] = FairQueue()
        self._in_work: dict[Command, asyncio.Future[StillRecorded]] = {}
        self._workers: list[asyncio.Task[None]] = []
        #: Automatic stills that were left out because too many waited.
        self.left_out = 0

    def start(self) -> None:
        if not self._workers:
            self._workers = [asyncio.create_task(self._run(), name=f"automatic-stills-{n}") for n in range(WORKERS)]

    async def aclose(self) -> None:
        """Idempotent."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def take_once(
        self, session: LiveSession, actor: Actor, item_id: str | None, key: str, challenge_id: str | None = None
    ) -> StillRecorded:
        """The newest picture; the same key of the same person gives the same still again, also after a restart.

        Raises `no_picture_yet`, `session_not_open`, `character_not_supported`, `idempotency_conflict`.
        """
        asked = stills.asked_still(actor, session.session_id, item_id, key, challenge_id)
        held = self._in_work.get(asked)
        if held is None:
            held = asyncio.ensure_future(self._take_asked(session, actor, item_id, asked, challenge_id))
            self._in_work[asked] = held
            held.add_done_callback(lambda _: self._in_work.pop(asked, None))
        return await asyncio.shield(held)

    async def _take_asked(
        self, session: LiveSession, actor: Actor, item_id: str | None, asked: Command, challenge_id: str | None
    ) -> StillRecorded:
        taken = await stills.find_asked(self._office, asked)
        if taken is not None:
            return taken
        reason = StillReason.MANUAL if challenge_id is None else StillReason.CHALLENGE
        return await self._take(session, actor, reason, item_id, asked=asked, challenge_id=challenge_id)

    def consider(self, session: LiveSession, event: StillEvent) -> None:
        """Lets the policy decide about an automatic still."""
        reason = wants_still(event, session.still_state)
        session.still_state = after_event(event, session.still_state)
        if reason is None or session.is_ending:
            return
        item_id = event.item_id if isinstance(event, ItemMarked) else None
        at = None if reason is StillReason.START else self._office.clock.now()
        if not self._wanted.offer(session.session_id, _Wanted(session, reason, item_id, at, session.picture)):
            self.left_out += 1
            _log.warning(
                "automatic still (%s %s) of session %s left out: too many wait",
                reason.value, item_id or "", session.session_id,
            )  # fmt: skip

    async def _run(self) -> None:
        while True:
            session_id, wanted = await self._wanted.take()
            try:
                await self._take_patiently(wanted)
            except (InspectionError, MediaError) as error:
                _log.warning("automatic still of session %s left out: %s", wanted.session.session_id, error.code)
            except Exception:  # the next still must not suffer from this one
                _log.exception("automatic still of session %s failed", wanted.session.session_id)
            finally:
                self._wanted.done(session_id)

    async def _take_patiently(self, wanted: _Wanted) -> None:
        """Right after the start the first picture may not have been written yet."""
        for tries_left in reversed(range(NO_PICTURE_TRIES)):
            try:
                await self._take(wanted.session, SYSTEM, wanted.reason, wanted.item_id, wanted)
                return
            except MediaError as error:
                if error.code != "no_picture_yet" or tries_left == 0:
                    raise
            await asyncio.sleep(NO_PICTURE_PAUSE_S)

    async def _take(
        self,
        session: LiveSession,
        actor: Actor,
        reason: StillReason,
        item_id: str | None,
        wanted: _Wanted | None = None,
        asked: Command | None = None,
        challenge_id: str | None = None,
    ) -> StillRecorded:
        at = wanted.at if wanted is not None else None
        track = (wanted.track if wanted is not None else None) or session.picture
        if track is None:
            raise conflict("no_picture_yet", "the applicant's camera has sent nothing yet")
        plan = await stills.plan_still(self._office, actor, session.session_id, reason, item_id, at, challenge_id)
        session_folder = self._root / session.inspection_id / session.session_id
        out_path = self._root / session.inspection_id / plan.file
        rendered = await self._port.render(
            plan.still_id,
            session_folder / track.journal,
            to_unix_us(at) if at is not None else None,
            StampText(plan.stamp_lines),
            out_path,
            _picture_facts(plan),
        )
        made = _of_track(track.track_id, rendered)
        recorded = await stills.record_still(self._office, actor, plan, made, asked)
        if recorded.still.id != plan.still_id:
            await asyncio.to_thread(out_path.unlink, missing_ok=True)
        self._feed.publish(recorded.entries)
        return recorded


def _picture_facts(plan: StillPlan) -> PictureFacts:
    """Only WGS 84 is a position for others' programs: another datum would be hundreds of metres off on their maps."""
    fix = plan.fix
    if fix is None or fix.position.datum is not Datum.WGS84:
        return PictureFacts(plan.utc_offset_s, None, plan.tiles_seed)
    gps = GpsPosition(
        latitude_e7=round(fix.position.latitude * 1e7),
        longitude_e7=round(fix.position.longitude * 1e7),
        accuracy_cm=round(fix.accuracy_m * 100),
        taken_ms=to_unix_us(fix.taken_at) // 1000,
    )
    return PictureFacts(plan.utc_offset_s, gps, plan.tiles_seed)


def _of_track(track_id: str, rendered: StillRendered) -> RenderedStill:
    return RenderedStill(
        track_id=track_id,
        jpeg_sha256=rendered.jpeg_sha256,
        jpeg_bytes=rendered.jpeg_bytes,
        width=rendered.width,
        height=rendered.height,
        frame_index=rendered.frame_index,
        rtp_timestamp=rendered.rtp_timestamp,
        arrival_us=rendered.arrival_us,
        encoded_sha256=rendered.encoded_sha256,
        i420_sha256=rendered.i420_sha256,
        tiles_root=rendered.tiles_root,
    )
