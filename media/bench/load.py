"""The load: sessions of one sender and one or more viewers each, joined to a server, and what came through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from media.bench.figures import Result
from media.bench.material import Material
from media.bench.measure import cpu_ns, percentile_ms, rss_mb
from media.bench.peers import LoadReceiver, LoadSender
from media.bench.servers import UNCHANGED, BenchServer
from media.peer import PeerIdentity

CONNECT_DEADLINE_S = 30.0


@dataclass(slots=True)
class Load:
    """Owner of the synthetic participants on one server."""

    server: BenchServer
    material: Material
    folder: Path
    recording: bool
    viewer: type[LoadReceiver] = LoadReceiver
    senders: list[LoadSender] = field(default_factory=list)
    receivers: list[LoadReceiver] = field(default_factory=list)

    async def add_session(self, viewers: int = 1) -> None:
        """One more session, playing."""
        index = len(self.senders)
        session_id = f"bench-{index}"
        port = self.server.port
        await port.open_session(session_id, str(self.folder / session_id))
        await port.set_recording(session_id, self.recording)
        sender = LoadSender(
            PeerIdentity(session_id, f"up-{index}", f"applicant-{index}", "applicant", "up"), self.material
        )
        self.senders.append(sender)
        await sender.publish(port)
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            await sender.is_connected.wait()
        for viewer in range(viewers):
            await self._add_viewer(session_id, f"{index}-{viewer}")
        sender.play()

    def reset(self) -> None:
        for receiver in self.receivers:
            receiver.reset()

    async def aclose(self) -> None:
        await asyncio.gather(*(peer.aclose() for peer in [*self.senders, *self.receivers]))

    async def leave(self) -> None:
        """End every session at the server too, and everybody with it."""
        await self.aclose()
        for index in range(len(self.senders)):
            await self.server.child.close_session(f"bench-{index}")

    async def _add_viewer(self, session_id: str, number: str) -> None:
        identity = PeerIdentity(session_id, f"down-{number}", f"inspector-{number}", "inspector", "down")
        receiver = await self.viewer.subscribe(identity, self.server.port)
        self.receivers.append(receiver)
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            await receiver.is_connected.wait()


async def read_figures(load: Load, seconds: float) -> Result:
    """One relay's figures over the next `seconds`; fps, kbps and packets_per_s are for one session."""
    server, receivers = load.server, load.receivers
    loop = asyncio.get_running_loop()
    load.reset()
    cpu_before, began = cpu_ns(server.pid), loop.time()
    await asyncio.sleep(seconds)
    elapsed_s = loop.time() - began
    cpu_percent = (cpu_ns(server.pid) - cpu_before) / elapsed_s / 1e7
    if server.crashes:
        raise RuntimeError(f"{server.name} crashed while it was measured")
    delays_us = [delay for receiver in receivers for delay in receiver.delays_us] if server.name in UNCHANGED else []
    count = len(receivers)
    return {
        "relay": server.name,
        "sessions": len(load.senders),
        "cpu_percent": round(cpu_percent, 2),
        "fps": round(sum(r.frames for r in receivers) / elapsed_s / count, 1),
        "kbps": round(sum(r.bytes for r in receivers) * 8 / elapsed_s / 1000 / count),
        "packets_per_s": round(sum(r.packets for r in receivers) / elapsed_s / count, 1),
        "p50_ms": percentile_ms(delays_us, 0.5),
        "p99_ms": percentile_ms(delays_us, 0.99),
        "rss_mb": round(rss_mb(server.pid), 1),
    }
