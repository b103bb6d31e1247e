"""`python -m tests.fuzz.handshakes --count 200 --json`: connections made while strangers send DTLS to their sockets.

The noise comes from other ports, from before the first check to after the handshake. Exit status 0 when all connect.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import sys
import time
from typing import Any

import uvloop

from media.bench.material import Material
from media.peer import PeerIdentity
from tests.fuzz.live import LiveCalls, Receiver, Sender, live_calls
from tests.fuzz.stray import dtls_noise

SESSION = "handshakes"
DEADLINE_S = 10.0
BURST, EVERY_S = 12, 0.002
MATERIAL = Material([[b"\x10" + bytes(100)]], [b"\xf8" * 20])

Report = dict[str, Any]


class NoisySender(Sender):
    """Makes noise at the relay's sockets from the moment that it knows them, before it begins itself."""

    noise: Noisemaker

    async def reach(self, sdp: str) -> None:
        await super().reach(sdp)
        await self.noise.aim(self.targets)


class NoisyReceiver(Receiver):
    noise: Noisemaker

    async def reach(self, sdp: str) -> None:
        await super().reach(sdp)
        await self.noise.aim(self.targets)


class Noisemaker:
    """DTLS datagrams from a port of its own to whatever it is aimed at."""

    def __init__(self, seed: int) -> None:
        self.sent = 0
        self._chance = random.Random(seed)
        self._packets = dtls_noise(self._chance)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._targets: list[tuple[str, int]] = []
        self._task = asyncio.create_task(self._keep_on())

    async def aim(self, targets: list[tuple[str, int]]) -> None:
        """The first burst is out before this returns."""
        self._targets = targets
        self._burst()

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()

    async def _keep_on(self) -> None:
        while True:
            self._burst()
            await asyncio.sleep(EVERY_S)

    def _burst(self) -> None:
        for target in self._targets:
            for _ in range(BURST):
                try:
                    self._socket.sendto(self._chance.choice(self._packets), target)
                except BlockingIOError:
                    continue
                self.sent += 1


async def handshakes(count: int, seed: int) -> Report:
    """One after the other, senders and receivers in turn."""
    took_ms: list[float] = []
    failed: list[int] = []
    async with live_calls(MATERIAL) as live:
        await live.port.open_session(SESSION, str(live.folder / SESSION))
        noise = Noisemaker(seed)
        began = time.monotonic()
        try:
            for number in range(count):
                ms = await _connect_one(live, number, noise)
                if ms is None:
                    failed.append(number)
                else:
                    took_ms.append(ms)
        finally:
            await noise.aclose()
        took_ms.sort()
        return {
            "seed": seed,
            "handshakes": count,
            "connected": len(took_ms),
            "failed": failed,
            "noise": noise.sent,
            "noise_per_s": round(noise.sent / (time.monotonic() - began)),
            "p50_ms": round(took_ms[len(took_ms) // 2], 1) if took_ms else None,
            "p95_ms": round(took_ms[len(took_ms) * 95 // 100], 1) if took_ms else None,
            "faults_logged": live.faults_logged(),
        }


async def _connect_one(live: LiveCalls, number: int, noise: Noisemaker) -> float | None:
    """Milliseconds until it was connected, None where it was not within ten seconds."""
    began = time.monotonic()
    peer: NoisySender | NoisyReceiver | None = None
    try:
        async with asyncio.timeout(DEADLINE_S):
            peer = await _begin(live, number, noise)
            await peer.is_connected.wait()
        return (time.monotonic() - began) * 1000
    except TimeoutError:
        return None
    finally:
        if peer is not None:
            await peer.aclose()
            await live.port.close_peer(SESSION, peer.identity.peer_id)


async def _begin(live: LiveCalls, number: int, noise: Noisemaker) -> NoisySender | NoisyReceiver:
    name = f"peer-{number}"
    if number % 2:
        NoisyReceiver.noise = noise
        receiver = await NoisyReceiver.subscribe(PeerIdentity(SESSION, name, name, "inspector", "down"), live.port)
        assert isinstance(receiver, NoisyReceiver)
        return receiver
    sender = NoisySender(PeerIdentity(SESSION, name, name, "applicant", "up"), live.material)
    sender.noise = noise
    await sender.publish(live.port)
    return sender


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.handshakes", description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(argv)
    report = uvloop.run(handshakes(args.count, args.seed))
    print(json.dumps(report, indent=2) if args.json else f"{report['connected']} of {report['handshakes']} connected")
    return 1 if report["failed"] or report["faults_logged"] else 0


if __name__ == "__main__":
    sys.exit(main())
