"""The composition root: the only place where engines, registries, recorders and services are made and joined."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack
from pathlib import Path

import socketio
from aiohttp import web

from inspection.domain.actor import SYSTEM, Role
from inspection.domain.entry import Entry
from inspection.domain.errors import InspectionError
from inspection.domain.shown import shown_json
from inspection.services import audit, housekeeping, sessions
from inspection.services.checkpoints import CheckpointKeeper
from inspection.services.erasure import Remains
from inspection.services.media_ledger import MediaLedger
from inspection.services.pending_erasures import PendingErasures
from media.relay_supervisor import RelaySupervisor
from media.signatures_client import SignaturesClient
from media.stills_client import StillsClient
from signaling.aftermath import Aftermath
from signaling.bridge import Bridge
from signaling.clock_watch import ClockWatch
from signaling.feed import EntryFeed
from signaling.gate import Gate
from signaling.interruptions import Interruptions
from signaling.live import LiveConfig, LiveSessions
from signaling.messages import EntryAppended
from signaling.namespace import SessionNamespace, make_server
from signaling.outbox import Outbox, inspection_room
from signaling.receipts import receipts_to
from signaling.recovery import JournalRecovery
from signaling.signatures import SignatureWatch
from signaling.stills import LiveStills
from signaling.views import shown_live
from web import keys
from web.ice import ice_servers_of
from web.middleware import middlewares
from web.office import OpenOffice, open_office
from web.probes import Probes
from web.rate_limit import RateLimits
from web.replay_jobs import ReplayJobs
from web.routes import add_routes
from web.security import OwnOrigin
from web.settings import Settings
from web.static import add_static_routes
from web.timestamps import open_stamping

_log = logging.getLogger(__name__)

UI_FOLDER = Path(__file__).parent / "ui" / "dist"
MAX_BODY_BYTES = 11 * 1024 * 1024
OLD_CHILD_PATIENCE_S = 15.0


class Server:
    """Everything behind one listening port. `start` before listening, `aclose` after it stopped."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app = web.Application(middlewares=middlewares(), client_max_size=MAX_BODY_BYTES)
        self._stack = AsyncExitStack()

    async def start(self) -> None:
        """Raises MediaError where a child process does not come up, InspectionError where storage is not there."""
        opened = await self._stack.enter_async_context(open_office(self.settings))
        await wait_until_gone(opened.folder.socket("relay"), OLD_CHILD_PATIENCE_S)
        await self._keep_checkpoints(opened)
        sockets = make_server()
        feed = self._make_feed(opened, Outbox(sockets))
        ledger = self._make_ledger(opened, feed)
        recovery = JournalRecovery(opened.office, ledger, opened.folder.evidence)
        interruptions = Interruptions(ledger.offer)
        await self._pick_up(opened, recovery, interruptions)
        await self._go_live(opened, sockets, feed, ledger, recovery, interruptions)
        self._add_http(opened, sockets)

    async def aclose(self) -> None:
        """Clients are told, journals closed, the last facts committed; then everything else. Idempotent."""
        await self._stack.aclose()

    async def _keep_checkpoints(self, opened: OpenOffice) -> None:
        keeper = CheckpointKeeper(opened.office.uow)
        self._stack.callback(opened.office.checkpoint_feed.follow(keeper))
        await keeper.start()
        self._stack.push_async_callback(keeper.aclose)

    def _make_feed(self, opened: OpenOffice, outbox: Outbox) -> EntryFeed:
        async def read_after(inspection_id: str, seq: int) -> tuple[Entry, ...]:
            return (await audit.entries(opened.office, SYSTEM, inspection_id, seq, 1000)).entries

        async def emit(inspection_id: str, entry: Entry) -> None:
            if shown_live(entry):
                await outbox.to_room_as(
                    inspection_room(inspection_id), lambda role: EntryAppended(entry=shown_json(entry, role))
                )

        feed = EntryFeed(read_after, emit)
        feed.start()
        self._stack.push_async_callback(feed.aclose)
        self.app[keys.FEED] = feed
        return feed

    def _make_ledger(self, opened: OpenOffice, feed: EntryFeed) -> MediaLedger:
        async def publish(entries: tuple[Entry, ...]) -> None:
            feed.publish(entries)

        ledger = MediaLedger(opened.office.uow, opened.office.clock, publish)
        ledger.start()
        self._stack.push_async_callback(ledger.aclose)
        self.app[keys.MEDIA_LEDGER] = ledger
        return ledger

    async def _pick_up(self, opened: OpenOffice, recovery: JournalRecovery, interruptions: Interruptions) -> None:
        """What an earlier run left: interrupted sessions, bytes that no entry attests, old secrets."""
        erasures = PendingErasures(opened.office, Remains(opened.database, opened.evidence))
        self._stack.push_async_callback(erasures.aclose)
        await erasures.start()
        await sessions.mark_interrupted(opened.office)
        for cut_off in await recovery.recover_all():
            interruptions.begin(cut_off.inspection_id, cut_off.session_id, cut_off.since_us)
        try:
            await housekeeping.forget_old(opened.office)
        except InspectionError as error:  # the next start does it
            _log.warning("what is old stays for now (%s)", error)

    async def _go_live(
        self,
        opened: OpenOffice,
        sockets: socketio.AsyncServer,
        feed: EntryFeed,
        ledger: MediaLedger,
        recovery: JournalRecovery,
        interruptions: Interruptions,
    ) -> None:
        folder = opened.folder
        stills = StillsClient(self.settings.stills_config, folder.socket("stills"))
        relay = RelaySupervisor(self.settings.relay_config, folder.socket("relay"))
        counting = SignaturesClient(folder.socket("signatures"))
        await asyncio.gather(self._start_child(stills), self._start_child(relay), self._start_child(counting))
        live_stills = LiveStills(opened.office, stills, feed, folder.evidence)
        live_stills.start()
        replay_jobs = ReplayJobs(folder.evidence, free_space_floor_bytes=self.settings.free_space_floor_bytes)
        replay_jobs.start()
        config = LiveConfig(evidence_root=folder.evidence, ice=ice_servers_of(self.settings))
        stamping = await self._stack.enter_async_context(open_stamping(self.settings, opened, feed.publish))
        after = Aftermath(recovery, interruptions, replay_jobs.ask, stamping.close_session, opened.office.clock)
        live = LiveSessions(opened.office, relay.port, live_stills, feed, Outbox(sockets), config, after.end)
        signatures = SignatureWatch(counting, opened.office, ledger, folder.evidence, time.monotonic)
        signatures.start()
        clocks = ClockWatch(live.held, ledger.offer, opened.office.read_ntp)
        clocks.start()
        bridge = Bridge(
            relay.port, stills, ledger, live, after.recover, folder.evidence, interruptions, signatures, clocks
        )
        self._carry_receipts(opened, Outbox(sockets), live)
        bridge.start()
        live.start()
        children = (relay.aclose, live_stills.aclose, live.aclose)
        closings = (replay_jobs.aclose, signatures.aclose, clocks.aclose, bridge.aclose, *children)
        for closing in closings:
            self._stack.push_async_callback(closing)
        gate = Gate(opened.office, OwnOrigin(self.settings))
        namespaces = tuple(SessionNamespace(role, gate, live) for role in (Role.INSPECTOR, Role.APPLICANT))
        for namespace in namespaces:
            sockets.register_namespace(namespace)
        self.app[keys.NAMESPACES] = namespaces
        self.app[keys.RELAY] = relay
        self.app[keys.REPLAY_JOBS] = replay_jobs

    def _carry_receipts(self, opened: OpenOffice, outbox: Outbox, live: LiveSessions) -> None:
        receipts = receipts_to(opened.office, outbox, live)
        receipts.start()
        self._stack.push_async_callback(receipts.aclose)
        self._stack.callback(opened.office.checkpoint_feed.listen(receipts.offer))

    async def _start_child(self, child: RelaySupervisor | StillsClient | SignaturesClient) -> None:
        self._stack.push_async_callback(child.aclose)
        await child.start()

    def _add_http(self, opened: OpenOffice, sockets: socketio.AsyncServer) -> None:
        self.app[keys.SETTINGS] = self.settings
        self.app[keys.OFFICE] = opened.office
        self.app[keys.EVIDENCE] = opened.evidence
        self.app[keys.CERTIFICATE] = opened.certificate
        self.app[keys.EVIDENCE_ROOT] = opened.folder.evidence
        self.app[keys.RATE_LIMITS] = RateLimits()
        self.app[keys.PROBES] = probes = Probes(self.settings.relay_config)
        self._stack.push_async_callback(probes.aclose)
        self.app[keys.OWN_ORIGIN] = OwnOrigin(self.settings)
        sockets.attach(self.app)
        add_routes(self.app)
        add_static_routes(self.app, UI_FOLDER, opened.folder.tls / "ca.crt")


async def wait_until_gone(socket_path: Path, patience_s: float) -> None:
    """After a kill of main its relay closes its journals and ends; only then may they be looked at."""
    try:
        async with asyncio.timeout(patience_s):
            while await _somebody_listens(socket_path):  # noqa: ASYNC110  (another process: nothing to wait on)
                await asyncio.sleep(0.05)
    except TimeoutError:
        _log.error("an older process still listens at %s", socket_path)


async def _somebody_listens(socket_path: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket_path)
    except OSError:
        return False
    writer.close()
    return True
