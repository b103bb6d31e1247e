from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from web.middleware import tile_source
from web.security import Network, OwnOrigin

pytestmark = pytest.mark.unit


@dataclass
class Rules:
    trusted_proxies: Sequence[Network] = ()
    public_url: str | None = None


class Transport:
    """Where a request comes from, as aiohttp asks for it."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self._peer, 50000) if name == "peername" else default


def request(peer: str = "203.0.113.9", **headers: str):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", {"Host": "tk.example", **named}, transport=Transport(peer))  # type: ignore[arg-type]


PROXIED = Rules(trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1/128")))


def test_without_proxies_what_a_request_says_about_its_way_is_not_believed() -> None:
    asked = request(X_Forwarded_For="198.51.100.1", X_Forwarded_Proto="https", X_Forwarded_Host="evil.example")
    own = OwnOrigin(Rules())
    assert own.client_address(asked) == "203.0.113.9"
    assert own.public_origin(asked) == "http://tk.example"


def test_a_listed_proxy_is_believed() -> None:
    asked = request(
        "10.1.2.3", X_Forwarded_For="198.51.100.1", X_Forwarded_Proto="https", X_Forwarded_Host="tk.gov.example"
    )
    own = OwnOrigin(PROXIED)
    assert own.client_address(asked) == "198.51.100.1"
    assert own.public_origin(asked) == "https://tk.gov.example"


def test_a_stranger_cannot_pretend_to_be_a_proxy() -> None:
    asked = request("203.0.113.9", X_Forwarded_For="198.51.100.1", X_Forwarded_Proto="https")
    assert OwnOrigin(PROXIED).client_address(asked) == "203.0.113.9"
    assert OwnOrigin(PROXIED).public_origin(asked) == "http://tk.example"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("1.2.3.4, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("198.51.100.1, nonsense", "198.51.100.1"),
        ("10.0.0.9", "10.1.2.3"),
        ("", "10.1.2.3"),
        ("::ffff:10.0.0.9, 2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_address_is_the_last_hop_that_is_no_proxy_of_ours(forwarded: str, address: str) -> None:
    assert OwnOrigin(PROXIED).client_address(request("10.1.2.3", X_Forwarded_For=forwarded)) == address


def test_the_public_url_is_what_clients_know_us_by_and_the_name_they_used_is_ours_too() -> None:
    own = OwnOrigin(Rules(public_url="https://tk.gov.example/"))
    assert own.public_origin(request()) == "https://tk.gov.example"
    assert own(request(Origin="https://tk.gov.example"))
    assert own(request(Origin="http://tk.example"))
    assert not own(request(Origin="https://tk.example"))


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://tk.example.evil.example", "http://tk.example/", ""]
)
def test_another_origin_is_not_ours(origin: str) -> None:
    assert not OwnOrigin(Rules())(request(Origin=origin))


def test_no_origin_at_all_is_not_ours() -> None:
    assert not OwnOrigin(Rules())(request())


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("", ""),
        ("https://tiles.example/{z}/{x}/{y}.png", "https://tiles.example"),
        ("https://{s}.tiles.example/{z}/{x}/{y}.png", "https://*.tiles.example"),
        ("https://t{s}.tianditu.gov.cn:444/{z}", "https://*.tianditu.gov.cn:444"),
        ("https://{host}/{z}", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_a_tile_url_opens_its_own_host_and_no_more(url: str, source: str) -> None:
    assert tile_source(url) == source
