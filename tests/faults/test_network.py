from __future__ import annotations

import http.client
import http.server
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.leg import LegProfile
from tests.faults.network import NAMESPACES, PREFIX, Network, Site, remove_stale

pytestmark = pytest.mark.integration

PORT = 5000


def udp_at(network: Network, site: str) -> socket.socket:
    def bound() -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("0.0.0.0", PORT))
        made.settimeout(5)
        return made

    return network.within(site, bound)


def test_a_packet_takes_the_delay_of_its_leg(network: Network) -> None:
    with udp_at(network, "phone") as phone, udp_at(network, "office") as office:
        network.set("phone", up=LegProfile(delay_ms=50))
        took_ms = []
        for _ in range(20):
            began_s = time.monotonic()
            phone.sendto(b"x" * 1200, (network.address("office"), PORT))
            office.recvfrom(2000)
            took_ms.append((time.monotonic() - began_s) * 1000)
        assert min(took_ms) >= 50 and sorted(took_ms)[10] < 55


def test_six_hundred_packets_a_second_lose_what_the_seed_says_and_nothing_else(network: Network) -> None:
    with udp_at(network, "phone") as phone, udp_at(network, "office") as office:
        network.set("phone", up=LegProfile(loss=0.05))
        office.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        for _ in range(600):
            phone.sendto(b"x" * 1000, (network.address("office"), PORT))
            time.sleep(1 / 600)
        counts = network.counts()
        assert counts["phone.up"]["passed"] + counts["phone.up"]["dropped"]["loss"] == 600
        assert _arrived(office) == counts["phone.up"]["passed"] and counts["hub"]["overrun"] == 0


def _arrived(office: socket.socket) -> int:
    """How many datagrams come until a second passes without any."""
    office.settimeout(1)
    count = 0
    while True:
        try:
            office.recv(2000)
        except TimeoutError:
            return count
        count += 1


def test_tcp_goes_through_while_udp_is_blocked(network: Network) -> None:
    class Hello(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"h" * 300_000)

        def log_message(self, format: str, *arguments: object) -> None:
            """Not into the test's output."""

    server = network.within("office", lambda: http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Hello))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        network.set("phone", up=LegProfile(blocks_udp=True, delay_ms=10), down=LegProfile(loss=0.02))
        body = network.within("phone", lambda: _get(network.address("office")))
        assert len(body) == 300_000
        with udp_at(network, "phone") as phone:
            phone.sendto(b"x", (network.address("office"), PORT))
            wait_until(lambda: network.counts()["phone.up"]["dropped"].get("udp", 0) == 1)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _get(host: str) -> bytes:
    connection = http.client.HTTPConnection(host, 8080, timeout=20)
    connection.request("GET", "/")
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
    ends_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < ends_s
        time.sleep(0.01)


def test_a_phone_that_moves_is_reached_at_its_new_address(network: Network) -> None:
    with udp_at(network, "phone") as phone, udp_at(network, "office") as office:
        new = network.move("phone", 9)
        phone.sendto(b"x", (network.address("office"), PORT))
        _, source = office.recvfrom(100)
        assert source == (new, PORT)
        office.sendto(b"back", source)
        assert phone.recv(100) == b"back"


def test_a_site_behind_one_to_one_translation_is_seen_by_its_public_address(may_make_networks: None) -> None:
    with Network([Site("phone"), Site("office", public_address="203.0.113.7")]) as network:
        assert network.seen_as("office") == "203.0.113.7" and network.address("office") == "10.77.2.2"
        with udp_at(network, "phone") as phone, udp_at(network, "office") as office:
            phone.sendto(b"x", ("203.0.113.7", PORT))
            _, source = office.recvfrom(100)
            office.sendto(b"answer", source)
            assert phone.recvfrom(100) == (b"answer", ("203.0.113.7", PORT))


def test_what_a_killed_run_left_is_removed_by_the_next(may_make_networks: None) -> None:
    script = (
        "import os, signal\n"
        "from tests.faults.network import Network, Site\n"
        "network = Network([Site('phone')]).__enter__()\n"
        "left = network.start('phone', ['sleep', '600'], stdout=-3, stderr=-3)\n"
        "print(os.getpid(), left.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    owner, sleeper = killed.stdout.split()
    left = NAMESPACES / f"{PREFIX}{owner}-phone"
    assert left.exists() and Path(f"/proc/{sleeper}/exe").exists()
    remove_stale()
    assert not left.exists()
    wait_until(lambda: not Path(f"/proc/{sleeper}/exe").exists())
