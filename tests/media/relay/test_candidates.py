"""Which addresses are listened on and named; ports of a range, its end, and their return."""

from __future__ import annotations

import socket

import pytest

from media.aiortc_private import GuardedGatherer
from media.candidates import described, listen_addresses, split_public
from media.config import RelayConfig
from media.errors import MediaError
from media.relay_clock import RelayClock
from media.udp_ports import bind_udp

pytestmark = pytest.mark.unit

OF_HOST = ["127.0.0.1", "fe80::1", "2001:db8::5", "169.254.7.7", "192.168.7.2", "::1", "10.0.0.4"]


def named(config: RelayConfig, *bound: tuple[str, int]) -> list[tuple[str, int]]:
    return [(address, port) for _, address, port in described(config, bound)]


def test_both_families_are_listened_on_without_loopback_and_link_local() -> None:
    assert listen_addresses(RelayConfig(), OF_HOST) == ["192.168.7.2", "10.0.0.4", "2001:db8::5"]


def test_loopback_is_listened_on_where_asked_for() -> None:
    assert listen_addresses(RelayConfig(loopback=True), OF_HOST)[-1] == "127.0.0.1"
    assert listen_addresses(RelayConfig(listen=("192.168.7.2",)), OF_HOST) == ["192.168.7.2"]


def test_a_host_with_many_addresses_gets_a_bounded_number_of_sockets() -> None:
    assert len(listen_addresses(RelayConfig(), [f"10.0.0.{n}" for n in range(1, 100)])) == 8


def test_the_outer_address_is_named_first_and_the_bound_one_besides() -> None:
    config = RelayConfig(public_addresses=("203.0.113.7",))
    bound = (("192.168.7.2", 40000), ("2001:db8::5", 40001), ("127.0.0.1", 40002))
    assert named(config, *bound) == [("203.0.113.7", 40000), *bound]
    priorities = [priority for priority, _, _ in described(config, bound)]
    assert priorities == sorted(set(priorities), reverse=True)


def test_bound_addresses_are_kept_back_where_only_the_outer_one_is_wanted() -> None:
    config = RelayConfig(public_addresses=("203.0.113.7",), offer_private=False)
    assert named(config, ("192.168.7.2", 40000), ("2001:db8::5", 40001)) == [
        ("203.0.113.7", 40000), ("2001:db8::5", 40001),
    ]  # fmt: skip


def test_of_several_outer_addresses_each_stands_for_its_own() -> None:
    config = RelayConfig(
        public_addresses=("203.0.113.7/192.168.7.2", "2001:db8::7", "203.0.113.9"), offer_private=False
    )
    bound = (("192.168.7.2", 1), ("10.0.0.4", 2), ("fd00::4", 3))
    assert named(config, *bound) == [("203.0.113.7", 1), ("203.0.113.9", 2), ("2001:db8::7", 3)]


@pytest.mark.parametrize("text", ["tk.example", "203.0.113.7/::1", "203.0.113.7/", ""])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        split_public(text)


async def gathered(config: RelayConfig) -> GuardedGatherer:
    gatherer = GuardedGatherer(config, RelayClock().now_us)
    await gatherer.gather()
    return gatherer


async def test_every_socket_is_bound_inside_the_range_and_its_end_has_a_code() -> None:
    config = RelayConfig(listen=(), loopback=True, udp_ports=(42600, 42603))
    held = [await gathered(config) for _ in range(4)]
    assert {port for one in held for _, _, port in one.described()} == {42600, 42601, 42602, 42603}
    with pytest.raises(MediaError) as refused:
        await gathered(config)
    assert refused.value.code == "udp_ports_used_up"
    await held[0].connection.close()
    again = await gathered(config)
    for one in (*held[1:], again):
        await one.connection.close()


async def test_an_address_that_is_not_ours_has_a_code() -> None:
    with pytest.raises(MediaError) as refused:
        await gathered(RelayConfig(listen=("192.0.2.1",)))
    assert refused.value.code == "no_media_address"


async def test_ports_of_300_connections_through_a_range_of_8_all_come_back() -> None:
    config = RelayConfig(listen=(), loopback=True, udp_ports=(42610, 42617))
    for _ in range(60):
        held = [await gathered(config) for _ in range(5)]
        for one in held:
            await one.connection.close()
    free = [bind_udp("127.0.0.1", (port, port)) for port in range(42610, 42618)]
    assert [one.getsockname()[1] for one in free] == list(range(42610, 42618))
    for one in free:
        one.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 on this machine")
async def test_ipv6_sockets_are_bound_beside_ipv4_on_the_same_port() -> None:
    port = (42620, 42620)
    both = [bind_udp(address, port) for address in ("127.0.0.1", "::1")]
    assert [one.getsockname()[1] for one in both] == [42620, 42620]
    for one in both:
        one.close()
