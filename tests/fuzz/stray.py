"""A process of strangers: `python -m tests.fuzz.stray --targets JSON --rate N --seconds S --kind flood|dtls --seed N`.

Prints how many datagrams it sent. They come from sixteen sockets on several loopback addresses.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator

from tests.fuzz.attackers import Noise
from tests.fuzz.corpus import Corpus, dtls_flights, make_corpus

SOCKETS, PREPARED = 16, 5000
STEP_S = 0.005


def dtls_noise(chance: random.Random) -> list[bytes]:
    """Plaintext alerts, hellos of either side, fragments, and what a handshake goes on with."""
    flights = dtls_flights()
    alerts = [bytes.fromhex("15fefd") + bytes(8) + struct.pack("!HBB", 2, level, what) for level in (1, 2)
              for what in (0, 10, 20, 40, 47, 80, 90)]  # fmt: skip
    cut = [flight[: chance.randrange(1, len(flight))] for flight in flights for _ in range(4)]
    return flights + alerts * 4 + cut


def datagrams(kind: str, chance: random.Random) -> list[bytes]:
    if kind == "dtls":
        return dtls_noise(chance)
    corpus: Corpus = make_corpus()
    noise = Noise(corpus, chance, [])
    return [noise.datagram() for _ in range(PREPARED)]


def send(targets: list[tuple[str, int]], packets: list[bytes], rate: float, seconds: float) -> int:
    """At an even rate; what the kernel does not take is not counted."""
    sockets = []
    for index in range(SOCKETS):
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        one.bind((f"127.0.0.{1 + index % 4}", 0))
        sockets.append(one)
    sent = tried = 0
    began = time.monotonic()
    while (elapsed_s := time.monotonic() - began) < seconds:
        while tried < elapsed_s * rate:
            try:
                sockets[tried % SOCKETS].sendto(packets[tried % len(packets)], targets[tried % len(targets)])
                sent += 1
            except OSError:
                pass
            tried += 1
        time.sleep(STEP_S)
    for one in sockets:
        one.close()
    return sent


@contextlib.asynccontextmanager
async def strays(
    targets: list[tuple[str, int]], rate: float, seconds: float, kind: str, seed: int
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, stopped at the end of the block where it still runs."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fuzz.stray", "--targets", json.dumps(targets), "--kind", kind),
        *("--rate", str(rate), "--seconds", str(seconds), "--seed", str(seed)),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--kind", choices=("flood", "dtls"), default="flood")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    packets = datagrams(args.kind, random.Random(args.seed))
    print("ready", flush=True)
    targets = [(host, port) for host, port in json.loads(args.targets)]
    print(send(targets, packets, args.rate, args.seconds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
