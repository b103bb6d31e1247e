"""One session in the relay: its peers, who is passed on to whom, what is recorded."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Any

from media.config import RelayConfig
from media.down_peer import DownPeer
from media.errors import Kind, MediaError, peer_flooding, peer_unknown, too_many_peers
from media.events import ClockStepped, LostCause, RelayEvent, Role
from media.mailbox import Mailbox
from media.peer import Peer, PeerIdentity, PeerWatch
from media.peer_watchdog import BEAT_US, Life, beat, is_echoed, life_of
from media.reencode_port import Reencoders
from media.relay_clock import RelayClock
from media.relay_recorder import OpenJournal, SessionRecorder
from media.room_facts import connected_fact, lost_fact, peer_stats, refusal_facts, view_facts
from media.room_gaps import Declared, Gaps
from media.room_wiring import pause, unwire_receiver, unwire_sender, wire
from media.sdp import parse_down_answer, parse_up_offer
from media.sdp_write import write_down_offer, write_up_answer
from media.up_peer import UpPeer
from media.up_track import UpTrack

#: Whose connection was closed for flooding makes the next one no sooner.
FLOODER_WAITS_US = 10_000_000
#: An older connection that still delivers is kept until the newer one does.
STILL_ALIVE_US = 200_000
#: A receiver's older connection goes on beside the newer one until that has a picture, and no longer.
RETIRES_US = 2_000_000

logger = logging.getLogger(__name__)


class Room:
    """Owner of the peers of a session. Control goes through the mailbox, packets go straight from socket to socket."""

    def __init__(
        self,
        session_id: str,
        directory: str,
        config: RelayConfig,
        clock: RelayClock,
        emit: Callable[[RelayEvent], None],
        open_journal: OpenJournal,
        reencoders: Reencoders | None = None,
    ) -> None:
        self.session_id = session_id
        self.directory = directory
        self._config = config
        self._clock = clock
        self._emit = emit
        self._reencoders = reencoders
        self._recorder = SessionRecorder(session_id, directory, clock, emit, open_journal)
        self._peers: dict[str, Peer] = {}
        self._sources: dict[str, UpPeer] = {}
        self._waiting: dict[str, UpPeer] = {}
        self._retiring: dict[str, int] = {}
        self._next_beat_us = 0
        self._gaps = Gaps(session_id, clock, emit)
        self._flooded_us: dict[str, int] = {}
        self._mailbox = Mailbox()
        self._leaving: set[asyncio.Task[None]] = set()
        self._closed = False

    async def set_recording(self, on: bool) -> None:
        await self._mailbox.post(lambda: self._set_recording(on))

    async def add_up_peer(self, peer_id: str, participant_id: str, role: Role, sdp: str) -> dict[str, str]:
        return dict(await self._mailbox.post(lambda: self._add_up_peer(peer_id, participant_id, role, sdp)))

    async def add_down_peer(self, peer_id: str, participant_id: str, role: Role) -> dict[str, str]:
        return dict(await self._mailbox.post(lambda: self._add_down_peer(peer_id, participant_id, role)))

    async def accept_answer(self, peer_id: str, sdp: str) -> None:
        await self._mailbox.post(lambda: self._accept_answer(peer_id, sdp))

    async def close_peer(self, peer_id: str) -> None:
        await self._mailbox.post(lambda: self._close_peer(peer_id))

    async def set_device(self, participant_id: str, declared: Declared) -> None:
        await self._mailbox.post(lambda: self._set_device(participant_id, declared))

    def clock_stepped(self, step_us: int) -> None:
        self._emit(ClockStepped(self.session_id, self._clock.wall_us(), step_us))

    def stats(self) -> dict[str, Any]:
        return {"recording": self._recorder.on, "peers": peer_stats(self._peers)}

    @property
    def is_repairing(self) -> bool:
        """Whether something is due sooner than the next feedback."""
        return bool(self._waiting) or any(track.is_repairing for peer in self._up_peers() for track in peer.tracks)

    def tick(self, now_us: int) -> None:
        """Every 25 ms while something is being repaired, else every 100 ms."""
        for peer in self._up_peers():
            peer.tick(now_us)
        for participant_id, peer in list(self._waiting.items()):
            if peer.media_us:
                self._swap(participant_id, peer)
        for peer in self._gaps.tick(self._sources, self._recorder.find_track_id, now_us):
            peer.request_keyframe(now_us)
        if now_us >= self._next_beat_us:
            self._next_beat_us = now_us + BEAT_US
            self._tick_beat(now_us)

    def tick_feedback(self) -> None:
        """Every 100 ms."""
        for peer in self._up_peers():
            peer.send_transport_feedback()

    def tick_second(self, now_us: int) -> None:
        """Every second: reports, gaps."""
        for peer in list(self._peers.values()):
            if isinstance(peer, UpPeer):
                if is_echoed(peer, now_us):
                    peer.send_reports(now_us)
                for track in peer.tracks:
                    track.keep_entrances(now_us)
                self._gaps.report_losses(peer, self._recorder.find_track_id, now_us)
            elif isinstance(peer, DownPeer):
                peer.send_reports(self._clock.wall_us())
                for refusal in refusal_facts(peer):
                    self._emit(refusal)
                for served in view_facts(peer, self._clock.wall_us()):
                    self._emit(served)
            peer.tell_faults(now_us)

    def _tick_beat(self, now_us: int) -> None:
        for peer in list(self._peers.values()):
            beat(peer, now_us)
            self._watch_life(peer, now_us)
        for peer_id, until_us in list(self._retiring.items()):
            older = self._peers.get(peer_id)
            if older is not None and now_us >= until_us:
                self._replace(older)

    async def aclose(self) -> None:
        """Close journals, then peers. The last facts are emitted before this returns. Idempotent."""
        if self._closed:
            return
        self._closed = True
        await self._mailbox.aclose()
        self._gaps.close(self._sources, self._recorder.find_track_id)
        peers, self._peers = list(self._peers.values()), {}
        for peer in peers:
            self._unwire(peer)
        await self._recorder.aclose()
        await asyncio.gather(*(peer.aclose() for peer in peers), *self._leaving, return_exceptions=True)

    # the mailbox

    async def _set_recording(self, on: bool) -> None:
        if on:
            self._recorder.start()
            for peer in self._sources.values():
                self._record(peer)
        else:
            for peer in self._sources.values():
                for track in peer.tracks:
                    track.recorder = None
            await self._recorder.stop()

    async def _add_up_peer(self, peer_id: str, participant_id: str, role: Role, sdp: str) -> dict[str, str]:
        self._check_room_for(peer_id, participant_id)
        offer = parse_up_offer(sdp, self._config.video_codecs)
        identity = PeerIdentity(self.session_id, peer_id, participant_id, role, "up")
        peer = UpPeer(identity, self._config, self._clock, self._watch(), offer)
        for track in peer.tracks:
            track.on_source_changed = self._source_changed
        self._peers[peer_id] = peer
        try:
            local = await peer.gather("active" if offer.remote.setup == "passive" else "passive")
        except BaseException:
            del self._peers[peer_id]
            await peer.aclose()
            raise
        peer.start(offer.remote)
        return {"sdp": write_up_answer(offer, local, random.randrange(1 << 62))}

    async def _add_down_peer(self, peer_id: str, participant_id: str, role: Role) -> dict[str, str]:
        self._check_room_for(peer_id, participant_id)
        identity = PeerIdentity(self.session_id, peer_id, participant_id, role, "down")
        peer = DownPeer(identity, self._config, self._clock, self._watch(), self._reencoders)
        self._peers[peer_id] = peer
        try:
            local = await peer.gather("actpass")
        except BaseException:
            del self._peers[peer_id]
            await peer.aclose()
            raise
        for other in self._older_downs(peer):
            if not other.connected:
                self._forget(other)
        return {"sdp": write_down_offer([slot.section for slot in peer.slots], local, random.randrange(1 << 62))}

    async def _accept_answer(self, peer_id: str, sdp: str) -> None:
        peer = self._peers.get(peer_id)
        if not isinstance(peer, DownPeer):
            raise peer_unknown()
        if peer.remote is not None:
            raise MediaError(Kind.CONFLICT, "sdp_invalid", "that peer has its answer already")
        answer = parse_down_answer(sdp)
        peer.accept(answer)
        peer.start(answer.remote)

    async def _close_peer(self, peer_id: str) -> None:
        peer = self._peers.get(peer_id)
        if peer is not None:
            self._forget(peer)

    async def _set_device(self, participant_id: str, declared: Declared) -> None:
        self._gaps.declare(participant_id, declared)

    # what peers tell

    def _watch(self) -> PeerWatch:
        return PeerWatch(self._peer_connected, self._peer_lost)

    def _peer_connected(self, peer: Peer) -> None:
        self._emit(connected_fact(peer))
        if isinstance(peer, DownPeer):
            for older in self._older_downs(peer):
                self._retiring.setdefault(older.identity.peer_id, self._clock.now_us() + RETIRES_US)
            for source in self._sources.values():
                wire(source, peer, self._clock.now_us())
        elif isinstance(peer, UpPeer):
            self._take_source(peer)

    def _peer_lost(self, peer: Peer, cause: LostCause) -> None:
        identity = peer.identity
        if self._peers.get(identity.peer_id) is not peer:
            return
        self._emit(lost_fact(peer, cause))
        if cause == "flooding":
            self._flooded_us[identity.participant_id] = self._clock.now_us()
        self._forget(peer, cause)

    def _take_source(self, peer: UpPeer) -> None:
        participant_id = peer.identity.participant_id
        older = self._sources.get(participant_id)
        if older is not None and self._clock.now_us() - older.media_us < STILL_ALIVE_US:
            self._waiting[participant_id] = peer
        else:
            self._swap(participant_id, peer)

    def _swap(self, participant_id: str, peer: UpPeer) -> None:
        """From now on this connection is the participant's source; the older one goes."""
        self._waiting.pop(participant_id, None)
        older = self._sources.get(participant_id)
        if older is not None and older is not peer:
            self._replace(older)
        self._sources[participant_id] = peer
        for down in self._down_peers():
            wire(peer, down, self._clock.now_us())
        if self._recorder.on:
            self._record(peer)

    def _replace(self, older: Peer) -> None:
        """Its participant has a newer connection that works."""
        self._emit(lost_fact(older, "closed"))
        self._forget(older)

    def _source_changed(self, track: UpTrack) -> None:
        """The sender started a new SSRC in the same section."""
        pause(track, self._down_peers(), self._clock.now_us())
        source = next((peer for peer in self._sources.values() if track in peer.tracks), None)
        if source is not None:
            self._gaps.end_tracks(source.identity.participant_id, [track], self._recorder.find_track_id)
        if track.recorder is not None:
            track.recorder = None
            self._recorder.end_track(track)
            if source is not None:
                self._record(source)

    # wiring

    def _unwire(self, peer: Peer) -> None:
        now_us = self._clock.now_us()
        if isinstance(peer, DownPeer):
            unwire_receiver(peer, now_us)
        elif isinstance(peer, UpPeer):
            unwire_sender(peer, self._down_peers(), now_us)

    def _record(self, peer: UpPeer) -> None:
        for track in peer.tracks:
            if track.recorder is None:
                track.recorder = self._recorder.follow(track, peer.identity.participant_id, peer.identity.role)
                if track.last_us:
                    track.require_keyframe(self._clock.now_us())

    def _forget(self, peer: Peer, cause: LostCause = "closed") -> None:
        """Take a peer out at once and close it in the background."""
        identity = peer.identity
        self._peers.pop(identity.peer_id, None)
        self._retiring.pop(identity.peer_id, None)
        self._unwire(peer)
        if isinstance(peer, UpPeer):
            if self._waiting.get(identity.participant_id) is peer:
                del self._waiting[identity.participant_id]
            if self._sources.get(identity.participant_id) is peer:
                del self._sources[identity.participant_id]
                self._gaps.leave(peer, cause, self._recorder.find_track_id)
            for track in peer.tracks:
                track.recorder = None
                self._recorder.end_track(track)
        task = asyncio.create_task(self._leave(peer))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _leave(self, peer: Peer) -> None:
        try:
            await peer.aclose()
        except Exception:
            logger.exception("peer %s did not close in order", peer.identity.peer_id)

    def _watch_life(self, peer: Peer, now_us: int) -> None:
        life = life_of(peer, self._config, now_us)
        if life is Life.UNANSWERED:
            peer.lose("ice_failed")
        elif life is Life.GONE:
            peer.lose("silent")
        elif life is Life.SILENT and isinstance(peer, UpPeer) and peer in self._sources.values():
            self._gaps.leave(peer, "silent", self._recorder.find_track_id)

    # small

    def _check_room_for(self, peer_id: str, participant_id: str) -> None:
        flooded_us = self._flooded_us.get(participant_id)
        if flooded_us is not None and self._clock.now_us() - flooded_us < FLOODER_WAITS_US:
            raise peer_flooding()
        if peer_id in self._peers:
            raise MediaError(Kind.CONFLICT, "peer_exists", "that peer id is in use")
        if len(self._peers) >= self._config.max_peers_per_session:
            raise too_many_peers()

    def _older_downs(self, peer: DownPeer) -> list[DownPeer]:
        participant_id = peer.identity.participant_id
        return [p for p in self._down_peers() if p is not peer and p.identity.participant_id == participant_id]

    def _up_peers(self) -> list[UpPeer]:
        return [peer for peer in self._peers.values() if isinstance(peer, UpPeer)]

    def _down_peers(self) -> list[DownPeer]:
        return [peer for peer in self._peers.values() if isinstance(peer, DownPeer)]
