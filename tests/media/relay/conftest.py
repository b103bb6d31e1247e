"""A relay process of its own for each test, and what it reports."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from media.config import RelayConfig
from media.events import RelayEvent
from media.port import RelayPort
from media.relay_supervisor import RelaySupervisor

Event = TypeVar("Event", bound=RelayEvent)


class Facts:
    """Collects events; `find` waits for one of a type that satisfies a condition."""

    def __init__(self, port: RelayPort) -> None:
        self.seen: list[RelayEvent] = []
        self._changed = asyncio.Condition()
        self._task = asyncio.create_task(self._read(port))

    async def _read(self, port: RelayPort) -> None:
        async for event in port.events():
            async with self._changed:
                self.seen.append(event)
                self._changed.notify_all()

    async def find(
        self, kind: type[Event], condition: Callable[[Event], bool] = lambda _: True, deadline_s: float = 20.0
    ) -> Event:
        def found() -> list[Event]:
            return [event for event in self.seen if isinstance(event, kind) and condition(event)]

        async with asyncio.timeout(deadline_s), self._changed:
            await self._changed.wait_for(lambda: bool(found()))
        return found()[0]

    async def aclose(self) -> None:
        await self._task


class RunningRelay:
    def __init__(self, supervisor: RelaySupervisor, facts: Facts, directory: Path) -> None:
        self.supervisor = supervisor
        self.port: RelayPort = supervisor.port
        self.facts = facts
        self.directory = directory

    async def stats(self, session_id: str) -> dict[str, Any]:
        return await self.port.session_stats(session_id)


@pytest.fixture
def relay_config() -> RelayConfig:
    return RelayConfig(loopback=True, udp_ports=(42000, 42499))


@pytest.fixture
async def relay(relay_config: RelayConfig, tmp_path: Path) -> AsyncIterator[RunningRelay]:
    with tempfile.TemporaryDirectory(prefix="ytk") as folder:  # Unix socket paths are short
        supervisor = RelaySupervisor(relay_config, Path(folder) / "relay.sock")
        await supervisor.start()
        facts = Facts(supervisor.port)
        try:
            yield RunningRelay(supervisor, facts, tmp_path)
        finally:
            await supervisor.aclose()
            await facts.aclose()
