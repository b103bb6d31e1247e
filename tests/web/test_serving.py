"""`yuntakan serve` as a process: who reaches it, how it refuses, how it stops."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.inspection.services.office import open_house
from web.certificates import TlsFolder, ensure_certificates, names_of, read_certificate
from web.serving import tls_context
from web.settings import Settings

pytestmark = pytest.mark.integration

YUNTAKAN = Path(sys.executable).with_name("yuntakan")
READY = "YunTaKan 云踏勘 is ready: "


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@dataclass
class Served:
    process: subprocess.Popen[str]
    port: int
    data: Path
    url: str

    def get(self, path: str, ca_path: Path | None = None, **headers: str) -> tuple[int, bytes]:
        trust = ssl.create_default_context(cafile=str(ca_path or self.data / "tls" / "ca.crt"))
        return get(self.url + path, trust, **headers)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def get(url: str, trust: ssl.SSLContext | None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers=headers)
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if trust is not None:
        handlers.append(urllib.request.HTTPSHandler(context=trust))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def command(data: Path, *arguments: str) -> list[str]:
    return [str(YUNTAKAN), "serve", "--data", str(data), *arguments]


@contextmanager
def serving(data: Path, *arguments: str) -> Iterator[Served]:
    """Started and answering: the line that says so is waited for."""
    port = free_port()
    log = data.with_name("server.log")
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command(data, *arguments), "--port", str(port)], stdout=subprocess.PIPE, stderr=errors, text=True,
            env={**os.environ, "PYTHONUTF8": "1"}, start_new_session=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            assert first.startswith(READY), log.read_text()
            yield Served(process, port, data, first.removeprefix(READY).strip())
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(30)
            process.stdout.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("office") / "data") as one:
        yield one


def test_it_makes_its_folder_and_answers_with_its_own_authority(served):
    status, body = served.get("/healthz")
    assert status == 200
    assert json.loads(body)["relay"] == "up"
    assert served.url == f"https://localhost:{served.port}"


def test_ipv6_answers_too(served):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    trust = ssl.create_default_context(cafile=str(served.data / "tls" / "ca.crt"))
    assert get(f"https://[::1]:{served.port}/healthz", trust)[0] == 200


def test_the_certificate_page_is_there_for_phones(served):
    status, body = served.get("/ca")
    assert status == 200 and "ca.mobileconfig" in body.decode()


def test_a_second_server_on_the_folder_is_refused(served):
    done = subprocess.run(
        [*command(served.data), "--port", str(free_port())], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "another server is running" in done.stderr.splitlines()[-1]


def test_a_taken_port_is_refused_in_one_line(served, tmp_path):
    done = subprocess.run(
        [*command(tmp_path / "other"), "--port", str(served.port)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"port {served.port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_sigterm_stops_it_in_order_and_leaves_no_child(tmp_path):
    with serving(tmp_path / "data") as one:
        children = Path(f"/proc/{one.process.pid}/task/{one.process.pid}/children").read_text().split()
        assert len(children) >= 2, "relay and stills are processes of their own"
        assert one.stop() == 0
        assert [child for child in children if Path(f"/proc/{child}").exists()] == []
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_with_a_certificate_of_the_office_there_is_nothing_to_install(tmp_path):
    tls = TlsFolder(tmp_path / "given")
    ensure_certificates(tls, ["localhost"])
    given = ("--tls-cert", str(tls.certificate), "--tls-key", str(tls.key))
    with serving(tmp_path / "data", *given) as one:
        assert one.get("/healthz", tls.ca_certificate)[0] == 200
        assert one.get("/ca.crt", tls.ca_certificate)[0] == 404
        assert not (tmp_path / "data" / "tls").exists()


def test_behind_a_proxy_it_speaks_plain_http_on_loopback_only(tmp_path):
    with serving(tmp_path / "data", "--behind-proxy", "--trusted-proxies", "127.0.0.1/32") as one:
        status, _ = get(f"http://127.0.0.1:{one.port}/healthz", None)
        assert status == 200
        assert listening_addresses(one.port) == {"0100007F"}


def listening_addresses(port: int) -> set[str]:
    """IPv4 addresses on which somebody listens at that port, as the kernel writes them."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = [row[1].split(":") for row in rows if row[3] == "0A"]
    return {address for address, number in ends if int(number, 16) == port}


def test_the_offices_own_certificate_carries_the_names_by_which_people_come(tmp_path):
    settings = Settings(data=tmp_path, public_url="https://tk.example", public_address="203.0.113.7/192.168.7.2")
    tls_context(settings)
    assert {"tk.example", "203.0.113.7"} <= names_of(read_certificate(tmp_path / "tls" / "server.crt"))


async def office_with_a_pending_erasure(data: Path) -> None:
    house = open_house(data)
    inspection = await house.opened((await house.staff("li")).as_actor())
    async with house.office.uow() as uow:
        await uow.erasures.begin(inspection.id, True)
        await uow.commit()
    await house.aclose()


@pytest.mark.bench
def test_it_starts_while_a_reader_keeps_an_erasure_pending_and_ends_it_afterwards(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    asyncio.run(office_with_a_pending_erasure(data))
    with closing(sqlite3.connect(data / "yuntakan.db")) as reader:
        pending = "SELECT count(*) FROM pending_erasures"
        reader.execute("BEGIN")
        assert reader.execute(pending).fetchone() == (1,)
        with serving(data) as one:
            assert one.get("/healthz")[0] == 200
            reader.rollback()
            until_s = time.monotonic() + 60
            while reader.execute(pending).fetchone() != (0,):
                assert time.monotonic() < until_s
                time.sleep(0.1)  # another process: nothing to wait on
            assert one.stop() == 0
