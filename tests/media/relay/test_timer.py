"""The relay's one timer: every session gets its turn, and packets get theirs in between."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from media.config import RelayConfig
from media.journal import JournalDisk
from media.relay_clock import RelayClock
from media.relay_core import SLICE_US, Relay
from media.room import Room

SESSIONS = ["first", "second", "third"]


async def test_others_get_a_turn_between_sessions_that_take_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = JournalDisk()
    disk.start()
    relay = Relay(RelayConfig(), RelayClock(), lambda _: None, disk.open)
    seen: list[str] = []
    ticked = asyncio.Event()
    tick = Room.tick

    def slow(room: Room, now_us: int) -> None:
        tick(room, now_us)
        time.sleep(1.5 * SLICE_US / 1e6)
        seen.append(room.session_id)
        if seen.count("third") == 2:
            ticked.set()

    monkeypatch.setattr(Room, "tick", slow)
    loop = asyncio.get_running_loop()

    def turn() -> None:
        if seen and seen[-1] != "turn":
            seen.append("turn")
        if not ticked.is_set():
            loop.call_soon(turn)

    try:
        for session_id in SESSIONS:
            await relay.open_session(session_id, str(tmp_path / session_id))
        loop.call_soon(turn)
        relay.start()
        await asyncio.wait_for(ticked.wait(), 10)
    finally:
        await relay.aclose()
        await disk.aclose()
    assert seen[:10] == ["first", "turn", "second", "turn", "third", "turn"] + ["first", "turn", "second", "turn"]
