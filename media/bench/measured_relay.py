"""Our relay as it is, but for its sockets: each datagram is read with the kernel's time of arrival (SO_TIMESTAMPNS).

A packet's time in the relay runs from there to the send call, waiting in the socket included. Reading by `recvmsg` from
Python costs more than the product's way, so what is measured here is an upper bound, and CPU is measured elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import struct
import sys
import time
from collections import deque
from typing import Any

import uvloop

from media.aiortc_private import GuardedConnection, GuardedProtocol
from media.bench.measure import percentile_ms
from media.config import RelayConfig
from media.relay_main import serve

SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("qq")
MAX_DATAGRAM_BYTES, ANCILLARY_BYTES = 2048, 64
#: Datagrams read before others get their turn.
AT_ONCE = 32
MAX_TRANSITS = 2_000_000


class Transits:
    """How long media packets were in the relay, in microseconds; the newest two million."""

    def __init__(self) -> None:
        self.arrived_ns = 0
        self._us: deque[int] = deque(maxlen=MAX_TRANSITS)

    def sent(self, datagram: bytes, now_ns: int) -> None:
        """Called before each send; counts RTP that is passed on while the packet it came in is being handled."""
        if self.arrived_ns and 127 < datagram[0] < 192 and not 191 < datagram[1] < 224:
            self._us.append((now_ns - self.arrived_ns) // 1000)

    def take(self) -> dict[str, Any]:
        taken, self._us = list(self._us), deque(maxlen=MAX_TRANSITS)
        return {"transits": len(taken), "p50_ms": percentile_ms(taken, 0.5), "p99_ms": percentile_ms(taken, 0.99)}


class TimedSocket(asyncio.DatagramTransport):
    """One UDP socket with the kernel's times of arrival."""

    def __init__(self, bound: socket.socket, protocol: GuardedProtocol, transits: Transits) -> None:
        super().__init__({"sockname": bound.getsockname(), "socket": bound})
        bound.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket = bound
        self._protocol = protocol
        self._transits = transits
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._loop.add_reader(bound.fileno(), self._read)
        protocol.connection_made(self)
        protocol.bound = self  # type: ignore[assignment]  # all that is asked of it is `sendto`

    def sendto(self, data: Any, addr: Any = None) -> int:  # type: ignore[override]
        self._transits.sent(data, time.time_ns())
        return self._socket.sendto(data, addr)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._loop.call_soon(self._protocol.connection_lost, None)

    abort = close

    def _read(self) -> None:
        for _ in range(AT_ONCE):
            if self._closing:
                return
            try:
                data, ancillary, _, address = self._socket.recvmsg(MAX_DATAGRAM_BYTES, ANCILLARY_BYTES)
            except OSError:  # nothing more to read, or an error of an earlier send
                return
            seconds, nanoseconds = TIMESPEC.unpack(ancillary[0][2])
            self._transits.arrived_ns = seconds * 1_000_000_000 + nanoseconds
            self._protocol.datagram_received(data, address)
            self._transits.arrived_ns = 0


async def run(socket_path: str, config: RelayConfig) -> None:
    transits = Transits()

    async def open_endpoint(self: GuardedConnection, protocol: GuardedProtocol, bound: socket.socket) -> None:
        TimedSocket(bound, protocol, transits)

    GuardedConnection.open_endpoint = open_endpoint  # type: ignore[method-assign]

    async def measure() -> dict[str, Any]:
        return {"tasks": len(asyncio.all_tasks()), **transits.take()}

    await serve(socket_path, config, {"measure": measure})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m media.bench.measured_relay")
    parser.add_argument("--socket", required=True)
    parser.add_argument("--config", default="{}")
    args = parser.parse_args(argv)
    uvloop.run(run(args.socket, RelayConfig.from_json(args.config)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
