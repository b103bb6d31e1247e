"""Live sessions: who is there, which connections they have, when recording runs. The registry owns every one of them.

People's acts go through the use cases first; what changes in the relay follows what is on record, never the other
way round. Commands of one session are taken one at a time, by its lock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from inspection.domain.actor import Actor
from inspection.domain.entry import Entry
from inspection.domain.errors import InspectionError, Kind, conflict
from inspection.domain.ids import ID_BYTES, base32_id
from inspection.domain.sessions import Participant, Session
from inspection.domain.shown import shown_json
from inspection.domain.still_policy import StillState
from inspection.services import audit, results, sessions
from inspection.services.ports import Office
from media import events
from media.errors import MediaError
from media.port import RelayPort
from signaling.feed import EntryFeed
from signaling.ice import IceRefresh, IceServers
from signaling.messages import Joined, ParticipantsChanged, PeerClosed, PeerDescription, SessionProblem, ViewServed
from signaling.messages import SessionStateChanged as StateChanged
from signaling.outbox import Outbox
from signaling.seats import Declared, LiveSession, Seat
from signaling.stills import LiveStills
from signaling.views import participant_views, session_view, shown_live

_log = logging.getLogger(__name__)

ENTRY_PAGE = 1000
STATE_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """`return_s`: how long a lost socket keeps its seat; `abandon_s`: how long an empty session stays open."""

    evidence_root: Path
    ice: IceServers = IceServers()
    return_s: float = 8.0
    abandon_s: float = 2 * 3600.0


@dataclass(slots=True)
class _Held:
    session: LiveSession
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)


SessionEnded = Callable[[str, str], Coroutine[Any, Any, None]]
Recover = Callable[[str, str], Coroutine[Any, Any, None]]


class LiveSessions:
    """The registry. `on_ended(inspection_id, session_id)` is awaited once a session's journals are closed."""

    def __init__(
        self,
        office: Office,
        relay: RelayPort,
        stills: LiveStills,
        feed: EntryFeed,
        outbox: Outbox,
        config: LiveConfig,
        on_ended: SessionEnded,
    ) -> None:
        self.office = office
        self.relay = relay
        self.stills = stills
        self.feed = feed
        self.outbox = outbox
        self._config = config
        self._on_ended = on_ended
        self._held: dict[str, _Held] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._forgotten: asyncio.TimerHandle | None = None
        self._ice = IceRefresh(config.ice, lambda: [held.session for held in self._held.values()], outbox)

    def start(self) -> None:
        """Who was live before a restart has as long to come back as anybody: then the session counts as left."""
        self._ice.start()
        loop = asyncio.get_running_loop()
        self._forgotten = loop.call_later(self._config.abandon_s, lambda: self._spawn(self.abandon_forgotten()))

    async def abandon_forgotten(self) -> None:
        """Ends the sessions that are live on record and held by nobody here."""
        for session in await sessions.list_live(self.office):
            if session.id not in self._held:
                await self.end(await sessions.abandon(self.office, session.id))

    def find(self, session_id: str) -> LiveSession | None:
        held = self._held.get(session_id)
        return held.session if held else None

    def held(self) -> dict[str, str]:
        """Inspections by their sessions that are held here."""
        return {held.session.session_id: held.session.inspection_id for held in self._held.values()}

    async def declare(self, session: LiveSession, seat: Seat, declared: Declared) -> None:
        """Follows what a page said of its device, which is on record: the relay explains gaps by it."""
        seat.declared = declared
        await self._tell_declared(session, seat)

    async def join(self, actor: Actor, sid: str, session_id: str, after_seq: int) -> Joined:
        """Comes in or comes back; the newest socket of a person holds the seat."""
        joined = await sessions.join(self.office, actor, session_id)
        held = await self._hold(joined)
        async with held.lock:
            seat = await self._seat(held, actor, sid, joined.participant)
            # What was before comes with the answer; the feed begins where this join's own entries do. Where that is
            # is never the client's to say: all who watch the inspection share the feed.
            before = joined.entries[0].seq - 1 if joined.entries else await self._head(actor, joined.inspection_id)
            self.feed.follow(joined.inspection_id, before)
            await self.outbox.enter(actor.role, sid, joined.inspection_id, session_id)
            self.feed.publish(joined.entries)
            if joined.started:
                await self.start_recording_if_due(held.session)
        missed, last_seq = await self._missed(actor, joined.inspection_id, after_seq)
        await self.announce(joined.session, joined.participants)
        return Joined(
            participant_id=seat.participant_id,
            session=session_view(joined.session),
            participants=participant_views(joined.participants),
            entries=[shown_json(entry, actor.role) for entry in missed],
            last_seq=last_seq,
            ice_servers=self._config.ice.make(seat.participant_id),
            recording=held.session.recording,
            peer_ids=seat.peer_ids,
        )

    async def leave(self, session_id: str, seat: Seat, *, only_if_away: bool = False) -> None:
        """Goes for good, or was away too long: connections are closed, the seat is given up.

        `only_if_away`: not where the person came back while this waited for its turn.
        """
        held = self._held.get(session_id)
        if held is None:
            return
        async with held.lock:
            if only_if_away and seat.sid is not None:
                return
            if held.session.seats.pop(seat.participant_id, None) is None:
                return
            await self._close_peers(held.session, seat)
            changed = await sessions.leave(self.office, seat.actor, session_id)
            self.feed.publish(changed.entries)
            if not held.session.seats:
                self._later(held, "abandon", self._config.abandon_s, lambda: self._abandon(held))
        await self.announce(changed.session, changed.participants)

    def lose_socket(self, session_id: str, sid: str) -> None:
        """A socket is gone. The seat waits for its person, and the media goes on meanwhile."""
        held = self._held.get(session_id)
        seat = held.session.seat_of_sid(sid) if held else None
        if held is None or seat is None:
            return
        seat.sid = None
        gone = partial(self.leave, session_id, seat, only_if_away=True)
        self._later(held, seat.participant_id, self._config.return_s, gone)

    async def publish_peer(self, session: LiveSession, seat: Seat, sdp: str) -> PeerDescription:
        """A new connection that sends; an older one goes on sending until this one does."""
        async with self._held[session.session_id].lock:
            peer_id = base32_id(self.office.random.token_bytes(ID_BYTES))
            answer = await self.relay.add_up_peer(
                session.session_id, peer_id, seat.participant_id, seat.media_role, sdp
            )  # fmt: skip
            await self._close_unused(session, seat.take_up(peer_id))
            return PeerDescription(peer_id=peer_id, sdp=answer["sdp"])

    async def subscribe_peer(self, session: LiveSession, seat: Seat) -> PeerDescription:
        async with self._held[session.session_id].lock:
            peer_id = base32_id(self.office.random.token_bytes(ID_BYTES))
            offer = await self.relay.add_down_peer(
                session.session_id, peer_id, seat.participant_id, seat.media_role
            )  # fmt: skip
            await self._close_unused(session, seat.take_down(peer_id))
            return PeerDescription(peer_id=peer_id, sdp=offer["sdp"])

    async def answer_peer(self, session: LiveSession, seat: Seat, peer_id: str, sdp: str) -> None:
        _require_own(seat, peer_id)
        await self.relay.accept_answer(session.session_id, peer_id, sdp)

    async def close_peer(self, session: LiveSession, seat: Seat, peer_id: str) -> None:
        _require_own(seat, peer_id)
        await self.relay.close_peer(session.session_id, peer_id)
        seat.forget_peer(peer_id)

    async def start_recording_if_due(self, session: LiveSession) -> None:
        """Recording runs while the session is live and the applicant, who agreed, sends."""
        applicant = session.applicant
        if session.recording or session.is_ending or applicant is None or not applicant.is_sending:
            return
        try:
            changed = await sessions.set_recording(self.office, session.session_id, True)
        except InspectionError as error:
            if error.code in ("session_not_open", "not_yet_agreed"):
                return  # not live yet: the join that makes it live asks again
            raise
        session.recording = True
        await self.relay.set_recording(session.session_id, True)
        self.feed.publish(changed.entries)
        await self.announce(changed.session, changed.participants)

    async def pause_recording(self, session: LiveSession, cause: str) -> None:
        """States that nothing is recorded for now, and why; the relay resumes by itself. People hear of it first."""
        session.recording = False
        problem = SessionProblem(code=f"recording_{cause}", message="the recording rests")
        await self.outbox.to_session(session.session_id, problem)
        await self._state_recording(session, False, cause)

    async def _interrupt_recording(self, session: LiveSession) -> None:
        session.recording = False
        try:
            changed = await sessions.set_recording(self.office, session.session_id, False, "relay_restarted")
        except InspectionError as error:
            _log.error("the pause of session %s is not on record: %s", session.session_id, error.code)
            return
        self.feed.publish(changed.entries)
        await self.announce(changed.session, changed.participants, "relay_restarted")

    async def resume_recording(self, session: LiveSession) -> None:
        session.recording = True
        await self._state_recording(session, True)

    async def _state_recording(self, session: LiveSession, on: bool, cause: str | None = None) -> None:
        """Once; where the database cannot write, again in the background until it can or it is no longer so."""
        try:
            await self._put_recording_on_record(session, on, cause)
        except InspectionError as error:
            if error.kind is not Kind.UNAVAILABLE:
                raise
            self._spawn(self._keep_stating_recording(session, on, cause))

    async def _keep_stating_recording(self, session: LiveSession, on: bool, cause: str | None) -> None:
        while session.recording is on and not session.is_ending:
            await asyncio.sleep(STATE_AGAIN_S)
            try:
                await self._put_recording_on_record(session, on, cause)
                return
            except InspectionError as error:
                _log.warning("recording %s of session %s is not on record: %s", on, session.session_id, error.code)

    async def _put_recording_on_record(self, session: LiveSession, on: bool, cause: str | None) -> None:
        changed = await sessions.set_recording(self.office, session.session_id, on, cause)
        self.feed.publish(changed.entries)
        await self.announce(changed.session, changed.participants, cause)

    async def end(self, changed: results.SessionChanged) -> None:
        """Follows a session's end that is on record: nothing is recorded from now on, connections are closed."""
        session_id = changed.session.id
        self.feed.publish(changed.entries)
        held = self._held.get(session_id)
        if held is not None and not held.session.is_ending:
            held.session.is_ending = True
            held.session.recording = False
            await self._quietly(self.relay.set_recording(session_id, False), "stop recording")
            self._spawn(self._close(held))
        elif held is None:
            self._spawn(self._on_ended(changed.inspection_id, session_id))
        await self.announce(changed.session, changed.participants, changed.session.end_cause)

    async def lose_peer(self, session: LiveSession, peer_id: str, cause: str) -> None:
        """The relay lost a connection; its client is told to make a new one."""
        seat = session.seat_of_peer(peer_id)
        if seat is not None and seat.forget_peer(peer_id) and seat.sid is not None:
            await self.outbox.to_sid(seat.actor.role, seat.sid, PeerClosed(peer_id=peer_id, cause=cause))

    async def refuse_codec(self, session: LiveSession, peer_id: str, codec: str) -> None:
        """A viewer's browser has no decoder for what the sender sends: it is told why it sees nothing."""
        _log.warning("session %s: peer %s cannot take %s", session.session_id, peer_id, codec)
        seat = session.seat_of_peer(peer_id)
        if seat is not None and seat.sid is not None:
            problem = SessionProblem(code="codec_not_supported", message=f"{codec} is not decoded here")
            await self.outbox.to_sid(seat.actor.role, seat.sid, problem)

    async def tell_view(self, session: LiveSession, event: events.ViewServed) -> None:
        """An inspector's own line has become weak, or good again."""
        seat = session.seat_of_peer(event.peer_id)
        if seat is not None and seat.sid is not None:
            message = ViewServed(peer_id=event.peer_id, service=event.service)
            await self.outbox.to_sid(seat.actor.role, seat.sid, message)

    async def relay_restarted(self, recover: Recover, cut_off: Mapping[str, str]) -> None:
        """Every connection is gone: sessions are opened anew, and clients come back by themselves.

        Nothing is recorded until the applicant sends again, and the record says so. `cut_off`: inspections by the
        sessions whose journals the relay left open.
        """
        held_now = [held.session for held in self._held.values()]
        # All before the first wait: a quick client may have a connection to the new relay while the record is told.
        lost = [_forget_peers(session) for session in held_now]
        for session_id, inspection_id in {**cut_off, **{one.session_id: one.inspection_id for one in held_now}}.items():
            self._spawn(recover(inspection_id, session_id))
        for session, lost_peers in zip(held_now, lost, strict=True):
            session.tracks.clear()
            await self._quietly(self.relay.open_session(session.session_id, self._folder(session)), "open session")
            if session.recording and not session.is_ending:
                await self._interrupt_recording(session)
            for seat in list(session.seats.values()):
                await self._tell_declared(session, seat)
            for seat, peer_id in lost_peers:
                if seat.sid is not None:
                    closed = PeerClosed(peer_id=peer_id, cause="relay_restarted")
                    await self.outbox.to_sid(seat.actor.role, seat.sid, closed)

    async def announce(self, session: Session, people: Iterable[Participant], cause: str | None = None) -> None:
        state = StateChanged(state=session.state.value, recording=session.recording, cause=cause)
        await self.outbox.to_session(session.id, ParticipantsChanged(participants=participant_views(people)))
        await self.outbox.to_session(session.id, state)

    async def aclose(self) -> None:
        """The server stops: clients are told, journals are closed; the sessions stay open on record."""
        await self._ice.aclose()
        if self._forgotten is not None:
            self._forgotten.cancel()
        for held in list(self._held.values()):
            problem = SessionProblem(code="server_stopping", message="the server restarts; come back by yourself")
            await self.outbox.to_session(held.session.session_id, problem)
            await self._let_go(held)
        for task in list(self._tasks):
            await asyncio.wait({task})

    async def _hold(self, joined: results.Joined) -> _Held:
        session_id = joined.session.id
        held = self._held.get(session_id)
        if held is None:
            state = StillState(moved_m=self.office.rules.moved_m)
            session = LiveSession(joined.inspection_id, session_id, state, recording=joined.session.recording)
            held = self._held[session_id] = _Held(session)
        async with held.lock:
            try:
                await self.relay.open_session(session_id, self._folder(held.session))
            except MediaError:
                if not held.session.seats:
                    self._held.pop(session_id, None)
                raise
        return held

    async def _seat(self, held: _Held, actor: Actor, sid: str, person: Participant) -> Seat:
        self._cancel(held, person.id)
        self._cancel(held, "abandon")
        seat = held.session.seats.get(person.id)
        if seat is None:
            seat = held.session.seats[person.id] = Seat(person.id, actor, sid)
        elif seat.sid not in (None, sid):
            await self._unseat(held.session, seat)
        seat.sid = sid
        return seat

    async def _unseat(self, session: LiveSession, seat: Seat) -> None:
        """The same person came in by another socket: the older page is told and hears nothing more."""
        assert seat.sid is not None  # the caller checked
        problem = SessionProblem(code="joined_elsewhere", message="this person joined from another page")
        await self.outbox.to_sid(seat.actor.role, seat.sid, problem)
        await self.outbox.drop(seat.actor.role, seat.sid, session.inspection_id, session.session_id)

    async def _head(self, actor: Actor, inspection_id: str) -> int:
        return (await audit.entries(self.office, actor, inspection_id, 0, 1)).last_seq

    async def _missed(self, actor: Actor, inspection_id: str, after_seq: int) -> tuple[list[Entry], int]:
        missed: list[Entry] = []
        last_seq = after_seq
        while True:
            page = await audit.entries(self.office, actor, inspection_id, last_seq, ENTRY_PAGE)
            missed += [entry for entry in page.entries if shown_live(entry)]
            if not page.entries:
                return missed, max(last_seq, page.last_seq)
            last_seq = page.entries[-1].seq

    async def _close_peers(self, session: LiveSession, seat: Seat) -> None:
        for peer_id in seat.peer_ids:
            await self._close_unused(session, peer_id)

    async def _close_unused(self, session: LiveSession, peer_id: str | None) -> None:
        if peer_id is not None:
            await self._quietly(self.relay.close_peer(session.session_id, peer_id), "close a connection")

    async def _close(self, held: _Held) -> None:
        session = held.session
        await self._let_go(held)
        await self._on_ended(session.inspection_id, session.session_id)

    async def _let_go(self, held: _Held) -> None:
        session = held.session
        for name in list(held.timers):
            self._cancel(held, name)
        async with held.lock:
            await self._quietly(self.relay.close_session(session.session_id), "close the session")
        self._held.pop(session.session_id, None)
        if not any(other.session.inspection_id == session.inspection_id for other in self._held.values()):
            self._later_unfollow(session.inspection_id)

    def _later_unfollow(self, inspection_id: str) -> None:
        """The last entries of the media plane follow the end by a moment."""

        def unfollow() -> None:
            if not any(held.session.inspection_id == inspection_id for held in self._held.values()):
                self.feed.unfollow(inspection_id)

        asyncio.get_running_loop().call_later(60.0, unfollow)

    async def _abandon(self, held: _Held) -> None:
        if held.session.seats or held.session.is_ending:
            return
        await self.end(await sessions.abandon(self.office, held.session.session_id))

    async def _tell_declared(self, session: LiveSession, seat: Seat) -> None:
        said = seat.declared
        call = self.relay.set_device(
            session.session_id, seat.participant_id, said.muted_since_us, said.paused_since_us, said.camera_since_us
        )  # fmt: skip
        await self._quietly(call, "note what a device does")

    async def _quietly(self, call: Any, what: str) -> None:
        """For what must not stop an act that is on record already; the relay's own restart puts it right."""
        try:
            await call
        except MediaError as error:
            _log.warning("the relay could not %s: %s", what, error.code)

    def _folder(self, session: LiveSession) -> str:
        return str(self._config.evidence_root / session.inspection_id / session.session_id)

    def _later(self, held: _Held, name: str, delay_s: float, work: Callable[[], Any]) -> None:
        self._cancel(held, name)
        loop = asyncio.get_running_loop()
        held.timers[name] = loop.call_later(delay_s, lambda: self._spawn(work()))

    def _cancel(self, held: _Held, name: str) -> None:
        timer = held.timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a live session's task failed", exc_info=task.exception())


def _require_own(seat: Seat, peer_id: str) -> None:
    if peer_id not in seat.peer_ids:
        raise conflict("peer_unknown", "not a connection of this participant")


def _forget_peers(session: LiveSession) -> list[tuple[Seat, str]]:
    lost = [(seat, peer_id) for seat in session.seats.values() for peer_id in seat.peer_ids]
    for seat in session.seats.values():
        seat.forget_peers()
    return lost
