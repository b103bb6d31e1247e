"""The relays that can be measured, each in a process of its own, behind the same few calls."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ifaddr

from media.bench.figures import OURS
from media.bench.janus_server import JanusServer, find_janus
from media.config import RelayConfig
from media.relay_client import RelayClient
from media.supervisor import ChildSupervisor

OTHERS = ("mediarelay", "janus")
#: Relays that pass the packets on as they are: what a sender put into them comes out.
UNCHANGED = (*OURS, "janus")
MODULES = {**dict.fromkeys(OURS, "media.relay_main"), "mediarelay": "media.bench.aiortc_server"}
#: Our relay, saying more of itself than the product does.
MEASURED = "media.bench.measured_relay"
CALL_DEADLINE_S = 30.0


class BenchPort(Protocol):
    """What of `RelayPort` a bench needs."""

    async def open_session(self, session_id: str, directory: str) -> None: ...

    async def set_recording(self, session_id: str, on: bool) -> None: ...

    async def add_up_peer(
        self, session_id: str, peer_id: str, participant_id: str, role: Any, sdp: str
    ) -> dict[str, str]: ...

    async def add_down_peer(self, session_id: str, peer_id: str, participant_id: str, role: Any) -> dict[str, str]: ...

    async def accept_answer(self, session_id: str, peer_id: str, sdp: str) -> None: ...


class Closing(Protocol):
    async def aclose(self) -> None: ...


class MeasuredClient(RelayClient):
    """Main's end of a child relay, and what only `MEASURED` answers."""

    async def measure(self) -> dict[str, Any]:
        """`tasks`; `transits`, `p50_us`, `p99_us`: packets' time in the relay since the last call."""
        answer = await self._call("measure", {}, CALL_DEADLINE_S)
        if not isinstance(answer, dict):
            raise TypeError("the relay answered with something else")
        return answer


@dataclass(frozen=True, slots=True)
class BenchServer:
    """A relay that runs. `crashes` grows by one entry with every restart: then nothing that was measured holds."""

    name: str
    pid: int
    port: BenchPort
    owner: Closing
    crashes: list[str]

    @property
    def child(self) -> MeasuredClient:
        """Raises TypeError where the relay is none of our children."""
        if not isinstance(self.port, MeasuredClient):
            raise TypeError(f"{self.name} answers no such calls")
        return self.port

    async def aclose(self) -> None:
        await self.owner.aclose()


def bench_address() -> str:
    """An IPv4 address of this machine that all use, so that all take the same way through the kernel.

    127.0.0.1 only where there is no other: libnice, which Janus uses, never offers it. Traffic to an own address
    goes over the loopback interface all the same.
    """
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    usable = [address for address in found if not ipaddress.ip_address(address).is_loopback]
    return min(usable, key=lambda address: ipaddress.ip_address(address).is_link_local, default="127.0.0.1")


def bench_config() -> RelayConfig:
    return RelayConfig(listen=(bench_address(),))


def why_not(name: str) -> str | None:
    """Why this relay cannot be measured here, None where it can."""
    return find_janus() if name == "janus" else None


async def start_server(name: str, folder: Path, config: RelayConfig, module: str | None = None) -> BenchServer:
    """`folder` is for its socket and files; `module`: what to run for ours instead of the product's own."""
    if name == "janus":
        janus = await JanusServer.start(folder, bench_address())
        return BenchServer(name, janus.pid, janus, janus, [])
    return await _start_child(name, folder, config, module or MODULES[name])


async def _start_child(name: str, folder: Path, config: RelayConfig, module: str) -> BenchServer:
    crashes: list[str] = []

    async def call(call_name: str, args: dict[str, Any], timeout_s: float) -> object:
        return await server.call(call_name, args, max(timeout_s, CALL_DEADLINE_S))

    async def restarted() -> None:
        crashes.append(name)

    server = ChildSupervisor(module, folder / "relay.sock", config.to_json(), lambda _: None, restarted)
    await server.start()
    if server.pid is None:
        raise RuntimeError(f"{name} does not start")
    return BenchServer(name, server.pid, MeasuredClient(call), server, crashes)
