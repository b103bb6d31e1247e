"""A relay process with calls in it: a victim's session, and one that a witness shares with attackers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from media.bench.material import Material
from media.bench.measure import cpu_ns, open_handles, rss_mb
from media.bench.peers import LoadReceiver, LoadSender
from media.config import RelayConfig
from media.events import PeerLost, RelayEvent, RelayRestarted
from media.peer import PeerIdentity
from media.relay_supervisor import RelaySupervisor

CONNECT_DEADLINE_S = 20.0
VICTIM, SHARED = "victim", "shared"
#: Lines of the relay's log that are a fault of ours.
FAULTS = re.compile(r"Traceback|never retrieved| ERROR | CRITICAL ")

Target = tuple[str, int]
#: About what a phone sends at 720p: 1.5 Mb/s in 30 frames a second. Nobody decodes it here.
FRAMES, PARTS, PART_BYTES = 60, 6, 1000


def call_material() -> Material:
    """A key frame, then others, of bytes that mean nothing; and a voice."""
    chance = random.Random(1)
    frames = []
    for index in range(FRAMES):
        tag = bytes([0x10, index > 0])
        parts = [(tag if at == 0 else b"\x00") + chance.randbytes(PART_BYTES) for at in range(PARTS)]
        frames.append(parts)
    return Material(frames, [b"\xf8" + chance.randbytes(80) for _ in range(50)])


class Sender(LoadSender):
    """Remembers where the relay listens for it."""

    def __init__(self, identity: PeerIdentity, material: Material) -> None:
        super().__init__(identity, material)
        self.targets: list[Target] = []

    async def reach(self, sdp: str) -> None:
        self.targets = candidates(sdp)
        await super().reach(sdp)


class Receiver(LoadReceiver):
    targets: list[Target]

    async def reach(self, sdp: str) -> None:
        self.targets = candidates(sdp)
        await super().reach(sdp)


class Call:
    """One sender and one receiver, playing."""

    def __init__(self, sender: Sender, receiver: Receiver) -> None:
        self.sender, self.receiver = sender, receiver
        self._frames, self._since_s = 0, 0.0

    @property
    def targets(self) -> list[Target]:
        return self.sender.targets + self.receiver.targets

    def start_counting(self) -> None:
        self._frames, self._since_s = self.receiver.frames, asyncio.get_running_loop().time()

    def fps(self) -> float:
        """Frames a second that arrived since `start_counting`."""
        elapsed_s = asyncio.get_running_loop().time() - self._since_s
        return (self.receiver.frames - self._frames) / elapsed_s

    async def aclose(self) -> None:
        await asyncio.gather(self.sender.aclose(), self.receiver.aclose())


class LiveCalls:
    """Owner of the relay process and of the two calls."""

    def __init__(self, supervisor: RelaySupervisor, folder: Path, log: Path, material: Material) -> None:
        self.port = supervisor.port
        self.facts: list[RelayEvent] = []
        self.folder = folder
        self.material = material
        self._supervisor = supervisor
        self._log = log
        self._reading = asyncio.create_task(self._read())
        self._calls: list[Call] = []

    @property
    def pid(self) -> int:
        pid = self._supervisor.pid
        if pid is None:
            raise RuntimeError("the relay does not run")
        return pid

    async def add_call(self, session_id: str, kind: type[Sender] = Sender) -> Call:
        await self.port.open_session(session_id, str(self.folder / session_id))
        await self.port.set_recording(session_id, True)
        sender = kind(PeerIdentity(session_id, "up", "phone", "applicant", "up"), self.material)
        await sender.publish(self.port)
        receiver = await Receiver.subscribe(PeerIdentity(session_id, "down", "desk", "inspector", "down"), self.port)
        assert isinstance(receiver, Receiver)
        async with asyncio.timeout(CONNECT_DEADLINE_S):
            await sender.is_connected.wait()
            await receiver.is_connected.wait()
        sender.play()
        self._calls.append(Call(sender, receiver))
        return self._calls[-1]

    def closed_calls(self, but_for: str = "attacker") -> list[str]:
        """Connections that ended, other than those of participants named so."""
        lost = [fact for fact in self.facts if isinstance(fact, PeerLost)]
        return [f"{one.peer_id}: {one.cause}" for one in lost if not one.participant_id.startswith(but_for)]

    def exits(self) -> int:
        return sum(isinstance(fact, RelayRestarted) for fact in self.facts)

    def faults_logged(self) -> list[str]:
        return [line for line in self._log.read_text(errors="replace").splitlines() if FAULTS.search(line)]

    def log_lines(self) -> list[str]:
        return self._log.read_text(errors="replace").splitlines()

    def rss_mb(self) -> float:
        """Of the relay's own process: a viewer on a thin line may get an encoder of its own, a process by itself."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def rss_with_encoders_mb(self) -> float:
        return rss_mb(self.pid)

    def cpu_ns(self) -> int:
        return cpu_ns(self.pid)

    def handles(self) -> int:
        return open_handles(self.pid)

    async def aclose(self) -> None:
        await asyncio.gather(*(call.aclose() for call in self._calls))
        await self._supervisor.aclose()
        await self._reading

    async def _read(self) -> None:
        async for fact in self.port.events():
            if not type(fact).__name__.startswith("Segment"):  # one a second and track: no need to keep them
                self.facts.append(fact)


@contextlib.asynccontextmanager
async def live_calls(material: Material, config: RelayConfig | None = None) -> AsyncIterator[LiveCalls]:
    with tempfile.TemporaryDirectory(prefix="ytk-live") as name:
        folder = Path(name)
        supervisor = RelaySupervisor(config or RelayConfig(listen=("127.0.0.1",)), folder / "relay.sock")
        with error_output_in(folder / "relay.log"):
            await supervisor.start()
        live = LiveCalls(supervisor, folder, folder / "relay.log", material)
        try:
            yield live
        finally:
            await live.aclose()


@contextlib.contextmanager
def error_output_in(path: Path) -> Iterator[None]:
    """What is started within the block has its standard error in the file."""
    kept = os.dup(2)
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(file, 2)
    os.close(file)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def candidates(sdp: str) -> list[Target]:
    return [(host, int(port)) for host, port in re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", sdp)]
