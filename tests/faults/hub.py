"""The network between sites: a process that reads packets from each site's TUN device and writes them to another's.

`python -m tests.faults.hub` reads a JSON line with its sites, then one line a command, answers each with a line, and
ends when its standard input does. Each packet passes the `up` leg of its site, then the `down` leg of the other's.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import json
import os
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from tests.faults.ip_packet import DESTINATION_AT, SOURCE_AT, is_ipv4, ports_of, with_address
from tests.faults.leg import Leg, LegProfile

INTERFACE = "eth0"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
LONGEST_WAIT_S = 1.0
PACKETS_IN_A_ROW = 64
#: What waits for its time; more is dropped, as a line's buffer would.
MAX_WAITING = 20_000
#: Real time, the lowest: a packet that is due goes out however busy the browsers are.
PRIORITY = 1


def enter_namespace(name: str) -> None:
    """Moves the calling thread. Raises OSError without the right to."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{name}", "rb") as namespace:
        if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter namespace {name}")


def open_tun(namespace: str) -> int:
    """A device in that namespace; the calling thread stays there. The device goes when the descriptor is closed."""
    enter_namespace(namespace)
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", INTERFACE.encode(), IFF_TUN | IFF_NO_PI))
    return tun


@dataclass
class Port:
    """Where a site is plugged in. `private`, `public`: its 1:1 translation, where it has one."""

    name: str
    tun: int
    network: IPv4Network
    up: Leg
    down: Leg
    private: str | None = None
    public: str | None = None

    def holds(self, address: bytes) -> bool:
        if self.public is not None:
            return address == socket.inet_aton(self.public)
        return int.from_bytes(address, "big") & int(self.network.netmask) == int(self.network.network_address)


class Hub:
    def __init__(self, ports: list[Port]) -> None:
        self._ports = {port.name: port for port in ports}
        self._by_tun = {port.tun: port for port in ports}
        self._waiting: list[tuple[int, int, int, bytes]] = []
        self._serial = 0
        self._latest_us = 0
        self._unroutable = 0
        self._overrun = 0

    def run(self) -> None:
        commands = sys.stdin.fileno()
        left = b""
        while True:
            readable, _, _ = select.select([*self._by_tun, commands], [], [], self._patience_s())
            self._deliver(time.monotonic_ns() // 1000)
            for descriptor in readable:
                if descriptor != commands:
                    self._take(self._by_tun[descriptor])
                    continue
                received = os.read(commands, 65_536)
                if not received:
                    return
                *lines, left = (left + received).split(b"\n")
                for line in lines:
                    print(json.dumps(self._obey(json.loads(line))), flush=True)
            self._deliver(time.monotonic_ns() // 1000)

    def _patience_s(self) -> float:
        if not self._waiting:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(0.0, self._waiting[0][0] / 1e6 - time.monotonic_ns() / 1e9))

    def _take(self, source: Port) -> None:
        for _ in range(PACKETS_IN_A_ROW):
            try:
                packet = os.read(source.tun, 65_536)
            except BlockingIOError:
                return
            if is_ipv4(packet):
                self._pass_on(source, packet, time.monotonic_ns() // 1000)

    def _pass_on(self, source: Port, packet: bytes, now_us: int) -> None:
        if source.private is not None and source.public is not None:
            packet = with_address(packet, SOURCE_AT, source.public)
        target = self._route(packet)
        if target is None or target is source:
            self._unroutable += 1
            return
        protocol, ports, size = packet[9], ports_of(packet), len(packet)
        at_us = now_us
        for leg in (source.up, target.down):
            decided = leg.decide(protocol, ports, size, at_us)
            if decided is None:
                return
            at_us = decided
        if target.private is not None:
            packet = with_address(packet, DESTINATION_AT, target.private)
        if len(self._waiting) >= MAX_WAITING:
            self._overrun += 1
            return
        self._serial += 1
        heapq.heappush(self._waiting, (at_us, self._serial, target.tun, packet))

    def _route(self, packet: bytes) -> Port | None:
        address = packet[DESTINATION_AT : DESTINATION_AT + 4]
        return next((port for port in self._ports.values() if port.holds(address)), None)

    def _deliver(self, now_us: int) -> None:
        waiting = self._waiting
        while waiting and waiting[0][0] <= now_us:
            at_us, _, tun, packet = heapq.heappop(waiting)
            self._latest_us = max(self._latest_us, now_us - at_us)
            try:
                os.write(tun, packet)
            except OSError:  # the site took its interface down, or its queue is full
                self._overrun += 1

    def _obey(self, command: dict[str, Any]) -> dict[str, Any]:
        """{"site", "leg", "profile"} sets a leg; {} asks for the counts, which begin anew with {"reset": true}."""
        if "profile" in command:
            getattr(self._ports[command["site"]], command["leg"]).profile = LegProfile.from_json(command["profile"])
            return {"ok": True}
        counts: dict[str, Any] = {
            f"{name}.{leg}": getattr(port, leg).counts() for name, port in self._ports.items() for leg in ("up", "down")
        }
        counts["hub"] = {"latest_us": self._latest_us, "unroutable": self._unroutable, "overrun": self._overrun}
        if command.get("reset"):
            self._latest_us = 0
        return counts


def main() -> None:
    sites = json.loads(os.read(sys.stdin.fileno(), 65_536))
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(PRIORITY))
    except PermissionError as error:
        print(f"timing is worse without the right to a higher priority: {error}", file=sys.stderr)
    ports = [
        Port(
            site["name"],
            open_tun(site["namespace"]),
            IPv4Network(site["network"]),
            Leg(site["seed"]),
            Leg(site["seed"] + 1),
            site["private"],
            site["public"],
        )
        for site in sites
    ]
    print(json.dumps({"ok": True}), flush=True)
    Hub(ports).run()


if __name__ == "__main__":
    main()
