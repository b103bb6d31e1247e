"""Who keeps a place in a live session, over a real office; the relay is a port that agrees to everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from inspection.domain.actor import Role
from media.port import RelayPort
from media.stills_port import StillsPort
from signaling.feed import EntryFeed
from signaling.ice import IceServers
from signaling.live import LiveConfig, LiveSessions
from signaling.messages import IceServersChanged, PeerClosed, ServerMessage
from signaling.outbox import Outbox
from signaling.seats import Seat
from signaling.stills import LiveStills
from tests.inspection.services.office import Live, go_live, open_house

pytestmark = pytest.mark.integration


class AgreeingRelay:
    async def open_session(self, session_id: str, directory: str) -> None: ...

    async def close_session(self, session_id: str) -> None: ...

    async def set_device(self, session_id: str, participant_id: str, *declared: int | None) -> None: ...


class QuietOutbox(Outbox):
    """Nobody is connected: what would be told is kept."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ServerMessage]] = []

    async def enter(self, role: Role, sid: str, inspection_id: str, session_id: str) -> None: ...

    async def _send(self, message: ServerMessage, to: str, namespace: str) -> None:
        self.told.append((to, message))


@pytest.fixture
async def call(tmp_path: Path) -> AsyncIterator[Live]:
    house = open_house(tmp_path)
    yield await go_live(house)
    await house.passwords.aclose()
    await house.database.aclose()


@pytest.fixture
async def live(call: Live, tmp_path: Path) -> AsyncIterator[LiveSessions]:
    async def nothing(*_: Any) -> Any:
        return ()

    feed = EntryFeed(nothing, nothing)
    stills = LiveStills(call.office, cast(StillsPort, None), feed, tmp_path)
    relay = cast(RelayPort, AgreeingRelay())
    config = LiveConfig(evidence_root=tmp_path)
    sessions = LiveSessions(call.office, relay, stills, feed, QuietOutbox(), config, nothing_follows)
    yield sessions
    await sessions.aclose()


async def nothing_follows(inspection_id: str, session_id: str) -> None:
    """Nobody waits for a session's end."""


async def test_whoever_is_back_in_time_keeps_the_seat(live: LiveSessions, call: Live) -> None:
    """The time to return was up while the newer join waited for its turn, and the join came first."""
    await live.join(call.inspector, "sid-1", call.session_id, 0)
    session = live.find(call.session_id)
    assert session is not None
    seat = session.seat_of_sid("sid-1")
    assert seat is not None
    live.lose_socket(call.session_id, "sid-1")
    await live.join(call.inspector, "sid-2", call.session_id, 0)
    await live.leave(call.session_id, seat, only_if_away=True)
    assert session.seat_of_sid("sid-2") is seat

    live.lose_socket(call.session_id, "sid-2")
    await live.leave(call.session_id, seat, only_if_away=True)
    assert session.seats == {}
    assert (await call.house.kinds(call.inspection.id))[-1] == "presence"


async def test_a_session_that_nobody_came_back_to_after_a_restart_ends_as_left(live: LiveSessions, call: Live) -> None:
    await live.abandon_forgotten()
    assert (await call.house.kinds(call.inspection.id))[-1] == "session_ended"


async def test_a_session_that_somebody_holds_is_not_forgotten(live: LiveSessions, call: Live) -> None:
    await live.join(call.inspector, "sid-1", call.session_id, 0)
    await live.abandon_forgotten()
    assert "session_ended" not in await call.house.kinds(call.inspection.id)


async def test_a_connection_to_the_new_relay_outlives_the_news_of_the_restart(
    live: LiveSessions, call: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quick page publishes anew while the end of the old connections is still being told."""
    await live.join(call.applicant, "sid-1", call.session_id, 0)
    session = live.find(call.session_id)
    assert session is not None
    seat = session.seat_of_sid("sid-1")
    assert seat is not None
    seat.take_up("old")

    async def publish_meanwhile(session_id: str, directory: str) -> None:
        seat.take_up("new")

    monkeypatch.setattr(live.relay, "open_session", publish_meanwhile)
    await live.relay_restarted(nothing_follows, {})
    assert seat.peer_ids == ["new"]
    told = [message for _, message in cast(QuietOutbox, live.outbox).told if isinstance(message, PeerClosed)]
    assert [message.peer_id for message in told] == ["old"]


async def test_each_seat_gets_ice_servers_of_its_own_and_new_ones_before_they_run_out(
    call: Live, tmp_path: Path
) -> None:
    made: list[str] = []

    def make(participant_id: str) -> list[dict[str, Any]]:
        made.append(participant_id)
        return [{"urls": ["turns:turn.example:443"], "username": f"{len(made)}:{participant_id}", "credential": "x"}]

    async def nothing(*_: Any) -> Any:
        return ()

    feed, outbox = EntryFeed(nothing, nothing), QuietOutbox()
    stills = LiveStills(call.office, cast(StillsPort, None), feed, tmp_path)
    config = LiveConfig(evidence_root=tmp_path, ice=IceServers(make, refresh_s=0.01))
    relay = cast(RelayPort, AgreeingRelay())
    sessions = LiveSessions(call.office, relay, stills, feed, outbox, config, nothing_follows)
    sessions.start()
    joined = await sessions.join(call.inspector, "sid-1", call.session_id, 0)
    assert joined.ice_servers[0]["username"].endswith(joined.participant_id)
    async with asyncio.timeout(5):
        while not any(isinstance(message, IceServersChanged) for _, message in outbox.told):  # noqa: ASYNC110
            await asyncio.sleep(0)
    to, changed = next(one for one in outbox.told if isinstance(one[1], IceServersChanged))
    assert to == "sid-1" and isinstance(changed, IceServersChanged)
    assert changed.ice_servers[0]["username"] not in (joined.ice_servers[0]["username"], None)
    await sessions.aclose()
    sent = len(outbox.told)
    await asyncio.sleep(0.05)
    assert len(outbox.told) == sent


def test_a_seat_keeps_the_connection_that_serves_while_a_new_one_is_made_and_no_third(call: Live) -> None:
    seat = Seat("p", call.applicant, "sid")
    assert (seat.take_up("up1"), seat.take_down("down1")) == (None, None)
    assert (seat.take_up("up2"), seat.take_down("down2")) == (None, None)
    assert seat.peer_ids == ["up2", "up1", "down2", "down1"]
    assert (seat.take_up("up3"), seat.take_down("down3")) == ("up2", "down2")
    assert seat.forget_peer("up1") is False, "the one that was replaced is not missed"
    assert seat.forget_peer("down3") is True
    assert (seat.up_peer, seat.down_peer, seat.old_down_peer) == ("up3", "down1", None)
