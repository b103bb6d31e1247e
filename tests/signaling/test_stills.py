"""Stills over a real office and a real stills process: keys that outlive a server, moments that outlive a queue."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from geo import Datum, Fix, Position
from inspection.domain.errors import InspectionError
from inspection.domain.instants import from_unix_us
from inspection.domain.observations import Place
from inspection.domain.still_policy import ItemMarked, StillState
from media.stills_client import StillsClient
from media.stills_port import StillsConfig
from signaling.feed import EntryFeed
from signaling.seats import LiveSession, LiveTrack
from signaling.still_queue import WAITING_PER_SESSION
from signaling.stills import LiveStills
from tests.inspection.services.office import Live, go_live, open_house
from tests.media.clips import START_US, encode_vp8, header_of, video_packets, write_journal

pytestmark = pytest.mark.integration

KEY = "the-same-key"


@dataclass
class Desk:
    """A live session with a journal of three seconds, and as many servers over it as a test starts."""

    live: Live
    port: StillsClient
    evidence: Path
    session: LiveSession

    def server(self) -> LiveStills:
        async def nothing(*_: Any) -> Any:
            return ()

        return LiveStills(self.live.office, self.port, EntryFeed(nothing, nothing), self.evidence)

    async def stills(self) -> list[dict[str, Any]]:
        async with self.live.office.reading() as uow:
            kept = await uow.entries.list(self.live.inspection.id, 0, 1000)
        return [entry.payload for entry in kept if entry.kind == "still"]


@pytest.fixture(scope="module")
def font_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fonts")


@pytest.fixture
async def desk(tmp_path: Path, font_cache: Path) -> AsyncIterator[Desk]:
    house = open_house(tmp_path)
    live = await go_live(house)
    evidence = tmp_path / "evidence"
    track = LiveTrack("v", "applicant-1", "applicant", "video", "journal/v.ytj")
    session = LiveSession(live.inspection.id, live.session_id, StillState())
    session.tracks["v"] = track
    path = evidence / live.inspection.id / live.session_id / track.journal
    write_journal(path, header_of("v", "video"), video_packets(encode_vp8(range(90))))
    with tempfile.TemporaryDirectory(prefix="ytk") as folder:
        port = StillsClient(StillsConfig(str(font_cache), niceness=0), Path(folder) / "stills.sock")
        await port.start()
        try:
            yield Desk(live, port, evidence, session)
        finally:
            await port.aclose()
    await house.passwords.aclose()
    await house.database.aclose()


async def test_a_key_gives_the_same_still_after_the_server_was_killed(desk: Desk) -> None:
    first = await desk.server().take_once(desk.session, desk.live.inspector, "signboard", KEY)
    again = await desk.server().take_once(desk.session, desk.live.inspector, "signboard", KEY)
    assert again == first and len(await desk.stills()) == 1


async def test_a_key_at_two_servers_at_once_is_one_still_on_record(desk: Desk) -> None:
    """A server that is being replaced may still be at it."""
    taken = await asyncio.gather(
        *(desk.server().take_once(desk.session, desk.live.inspector, None, KEY) for _ in range(2))
    )
    assert taken[0] == taken[1] and len(await desk.stills()) == 1
    assert len(list(desk.evidence.rglob("*.jpg"))) == 1, "the picture that is not on record is gone"


@pytest.mark.parametrize("datum", ["WGS84", "GCJ02"])
async def test_only_a_wgs_84_position_becomes_gps(desk: Desk, datum: str) -> None:
    """Another datum is hundreds of metres off on a foreign map. The stamp says each, with its datum."""
    now = desk.live.house.clock.now()
    fix = Fix(Position(26.0745, 119.2965, Datum(datum)), 12.0, now, now, "gps")
    async with desk.live.office.uow() as uow:
        await uow.places.save(Place(desk.live.session_id, fix, None, (), None, now))
        await uow.commit()
    taken = await desk.server().take_once(desk.session, desk.live.inspector, None, KEY)
    with Image.open(desk.evidence / desk.live.inspection.id / taken.still.file) as picture:
        gps = picture.getexif().get_ifd(0x8825)
    assert (gps.get(0x12), 2 in gps, 4 in gps) == (("WGS-84", True, True) if datum == "WGS84" else (None, False, False))
    opened = taken.entries[0].opened_payload()
    assert any("26.07450,119.29650" in line for line in opened["stamp"])
    assert f"操作人：{desk.live.inspector.name}" in opened["stamp"]
    assert opened["tiles_root"] != opened["tiles_seed"] and len(opened["tiles_seed"]) == 64


async def test_a_key_is_not_taken_for_something_else(desk: Desk) -> None:
    await desk.server().take_once(desk.session, desk.live.inspector, "signboard", KEY)
    with pytest.raises(InspectionError) as refusal:
        await desk.server().take_once(desk.session, desk.live.inspector, None, KEY)
    assert refusal.value.code == "idempotency_conflict" and len(await desk.stills()) == 1


async def test_an_automatic_still_is_of_the_moment_that_called_for_it(desk: Desk) -> None:
    server = desk.server()
    for frame in (10, 50, 30):
        desk.live.house.clock.at = from_unix_us(START_US + int((frame + 0.5) * 1_000_000 / 30))
        server.consider(desk.session, ItemMarked("signboard"))
    server.start()
    async with asyncio.timeout(20):
        while len(await desk.stills()) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await server.aclose()
    stills = await desk.stills()
    assert [still["frame_index"] for still in stills] == [10, 50, 30]


async def test_what_is_too_much_for_one_session_is_left_out_and_counted(desk: Desk) -> None:
    server = desk.server()
    for _ in range(WAITING_PER_SESSION + 3):
        server.consider(desk.session, ItemMarked("signboard"))
    assert server.left_out == 3
    shutil.rmtree(desk.evidence)
    await server.aclose()
