"""Starts the relay's process, keeps it alive, and offers its port to the rest of main."""

from __future__ import annotations

import time
from pathlib import Path

from media.config import RelayConfig
from media.events import RelayRestarted
from media.relay_client import RelayClient
from media.supervisor import ChildSupervisor


class RelaySupervisor:
    """Owner of the relay process. After a crash a new one is started and `port.events()` says `RelayRestarted`."""

    def __init__(self, config: RelayConfig, socket_path: Path) -> None:
        self.port = RelayClient(self._call)
        self._child = ChildSupervisor(
            "media.relay_main", socket_path, config.to_json(), self.port.take_message, self._restarted
        )

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """Raises MediaError (relay_unavailable) where the process does not come up."""
        await self._child.start()

    async def aclose(self) -> None:
        """Stop the relay (it closes its journals) and end the stream of events. Idempotent."""
        await self._child.aclose()
        self.port.end()

    async def _call(self, name: str, args: dict[str, object], timeout_s: float) -> object:
        return await self._child.call(name, args, timeout_s)

    async def _restarted(self) -> None:
        self.port.put(RelayRestarted(time.time_ns() // 1000))
