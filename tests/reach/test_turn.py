"""coturn as `turn-config` sets it up: whom it lets in, where it passes on to, and what the doctor says of it."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.leg import LegProfile
from tests.faults.network import Network, Site
from tests.reach.coturn import coturn, make_certificate
from tests.reach.place import FarOffice, doctor, visit
from web.doctor_turn import check_own_turn
from web.settings import read_settings
from web.turn import TurnCredentials, TurnUrl, parse_turn_url, read_secret
from web.turn_client import TurnClient, TurnRefused

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


class Place:
    def __init__(self, network: Network, office: FarOffice, folder: Path, site: str = "phone") -> None:
        self.network = network
        self.office = office
        self.site = site
        self.ca = folder / "turn-tls" / "ca.crt"
        self.secret = read_secret(office.folder / "keys" / "turn-secret")
        self.relay = (network.address("office"), 40000)

    def url(self, transport: str) -> TurnUrl:
        host = self.network.address("turn")
        return parse_turn_url(f"turns:{host}:443?transport=tcp" if transport == "tls" else f"turn:{host}:3478")

    def client(self, transport: str, ttl_s: int = 600, secret: str | None = None) -> TurnClient:
        trust = ssl.create_default_context(cafile=str(self.ca))
        made = TurnCredentials(("",), secret or self.secret, ttl_s).ice_server("p1", time.time())
        return self.network.within(
            self.site, lambda: TurnClient(self.url(transport), made["username"], made["credential"], trust)
        )


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    with Network([Site("phone"), Site("office"), Site("turn")]) as network:
        host = network.address("turn")
        certificate, key = make_certificate(folder / "turn-tls", host)
        office = FarOffice(folder / "data", 443, network=network, variables={
            "YUNTAKAN_TURN__URLS": f"turns:{host}:443?transport=tcp,turn:{host}:3478",
            "YUNTAKAN_TURN__LISTEN": host,
            "YUNTAKAN_TURN__TLS_CERT": str(certificate),
            "YUNTAKAN_TURN__TLS_KEY": str(key),
            "YUNTAKAN_UDP_PORTS": "40000-40063",
        })  # fmt: skip
        office.at_site("turn-config", "-o", str(folder / "turnserver.conf"))
        with coturn(network, "turn", folder / "turnserver.conf", folder / "coturn.log"):
            yield Place(network, office, folder)


@pytest.fixture(scope="module")
def turn(has_coturn: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place(tmp_path_factory.mktemp("turn")) as made:
        yield made


@pytest.mark.parametrize("transport", ["tls", "udp"])
def test_it_passes_on_to_the_relay_and_back(turn: Place, transport: str) -> None:
    media = turn.network.within("office", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with media, turn.client(transport) as client:
        media.bind(turn.relay)
        media.settimeout(5)
        relayed = client.allocate()
        client.permit(turn.relay)
        client.send(b"picture", turn.relay)
        data, sender = media.recvfrom(100)
        assert (data, sender) == (b"picture", relayed)
        media.sendto(b"voice", sender)
        assert client.receive(5) == (b"voice", turn.relay)


@pytest.mark.parametrize(
    "peer", ["10.77.1.2", "10.77.3.2", "127.0.0.1", "169.254.169.254", "192.168.1.1", "8.8.8.8", "224.0.0.1", "0.0.0.0"]
)
def test_it_passes_on_to_nobody_else(turn: Place, peer: str) -> None:
    with turn.client("tls") as client:
        client.allocate()
        with pytest.raises(TurnRefused) as refused:
            client.permit((peer, 40000))
        assert refused.value.code == 403


def test_credentials_that_ran_out_or_of_another_secret_are_refused(turn: Place) -> None:
    for wrong in ({"ttl_s": -5}, {"secret": "another-secret-than-that"}):
        with turn.client("tls", **wrong) as client, pytest.raises(TurnRefused) as refused:  # type: ignore[arg-type]
            client.allocate()
        assert refused.value.code == 401


def test_an_allocation_lives_on_after_its_credentials_ran_out(turn: Place) -> None:
    """A call longer than ten minutes: the browser refreshes with what it had at the start."""
    with turn.client("tls", ttl_s=2) as held:
        held.allocate()
        deadline_s = time.monotonic() + 10
        while _is_let_in(turn, held):
            assert time.monotonic() < deadline_s, "the credentials never ran out"
        held.permit(turn.relay)


def _is_let_in(turn: Place, as_whom: TurnClient) -> bool:
    """Whether the same name and password open a second allocation now."""
    trust = ssl.create_default_context(cafile=str(turn.ca))
    again = turn.network.within(
        turn.site, lambda: TurnClient(turn.url("tls"), as_whom._username, as_whom._password, trust)
    )
    try:
        with again:
            again.allocate()
    except TurnRefused:
        return False
    return True


def test_the_secret_is_in_no_log(turn: Place) -> None:
    with turn.client("udp") as client:
        client.allocate()
        password = client._password
    log = (turn.ca.parent.parent / "coturn.log").read_text(errors="replace")
    assert turn.secret not in log and password not in log


def test_the_doctor_beside_the_server_finds_turn_well_and_names_what_is_wrong(turn: Place) -> None:
    data = ("--data", str(turn.office.folder), "--port", "443")
    trusted = {**turn.office.variables, "SSL_CERT_FILE": str(turn.ca)}
    turn.office.variables = trusted
    _, codes = doctor(turn.office, "office", *data)
    assert codes["turn_works"] == "ok" and not [code for code in codes if code.startswith("turn_no")]

    turn.network.set("turn", down=LegProfile(blocks_udp=True))
    status, codes = doctor(turn.office, "office", *data)
    assert status == 1 and codes["turn_silent"] == "bad"
    turn.network.set("turn", down=LegProfile())

    turn.office.variables = {name: value for name, value in trusted.items() if name != "SSL_CERT_FILE"}
    assert doctor(turn.office, "office", *data)[1]["turn_certificate"] == "bad"
    turn.office.variables = trusted

    other = turn.office.folder.parent / "other-secret"
    other.touch(0o600)
    other.write_text("quite-another-secret")
    turn.office.variables = {**trusted, "YUNTAKAN_TURN__SECRET_FILE": str(other)}
    assert doctor(turn.office, "office", *data)[1]["turn_unauthorised"] == "bad"
    turn.office.variables = trusted


def test_a_clock_that_is_behind_is_told_from_another_secret(turn: Place) -> None:
    settings = read_settings({"data": turn.office.folder, "turn": {"urls": turn.url("udp").text}}, {})
    late = turn.network.within("office", lambda: list(check_own_turn(settings, now_s=lambda: time.time() - 3600)))
    assert ("BAD", "turn_clock") in [finding[:2] for finding in late]


def test_the_doctor_at_a_phones_place_says_what_a_phone_would_meet(turn: Place) -> None:
    turn.office.add_people()
    turn.office.start()
    both = turn.office.folder.parent / "both.crt"
    both.write_bytes(turn.office.ca_path.read_bytes() + turn.ca.read_bytes())
    try:
        status, codes = visit(turn.office, turn.site, both)
        assert status == 0 and codes["media_reached"] == "ok" and codes["turn_works"] == "ok", codes
        assert codes["server_answers"] == "ok" and codes["clock_agrees"] == "ok"

        narrow = LegProfile(blocks_udp=True, tcp_ports=(443,))
        turn.network.set("phone", up=narrow, down=narrow)
        status, codes = visit(turn.office, turn.site, both)
        assert codes["media_by_turn"] == "ok" and codes["media_private_only"] == "note", codes
        assert codes["turn_silent"] == "bad", "the TURN address by UDP"

        turn.network.set("turn", up=LegProfile(blackout=True))
        status, codes = visit(turn.office, turn.site, both)
        assert status == 1 and codes["media_private_only"] == "bad" and codes["turn_unreachable"] == "bad", codes

        assert visit(turn.office, turn.site, turn.ca)[1] == {"server_addresses": "ok", "server_certificate": "bad"}
    finally:
        turn.network.set("phone", up=LegProfile(), down=LegProfile())
        turn.network.set("turn", up=LegProfile())
        turn.office.stop()
