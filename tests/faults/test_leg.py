from __future__ import annotations

import pytest

from tests.faults.leg import TCP, UDP, Leg, LegProfile

pytestmark = pytest.mark.unit

PORTS = (5000, 443)


def send(leg: Leg, count: int, spacing_us: int = 1000, protocol: int = UDP, size: int = 1000) -> list[int | None]:
    return [leg.decide(protocol, PORTS, size, number * spacing_us) for number in range(count)]


def test_a_clean_leg_delivers_at_once() -> None:
    assert send(Leg(1), 3) == [0, 1000, 2000]


def test_random_loss_has_its_share_and_the_same_seed_loses_the_same() -> None:
    first, second = (send(Leg(7, LegProfile(loss=0.05)), 20_000) for _ in range(2))
    assert first == second != send(Leg(8, LegProfile(loss=0.05)), 20_000)
    assert first.count(None) / 20_000 == pytest.approx(0.05, abs=0.006)


def test_burst_loss_has_its_share_and_its_length() -> None:
    lost = [at is None for at in send(Leg(3, LegProfile(burst_loss=0.1, burst_packets=8)), 100_000)]
    bursts = sum(now and not before for before, now in zip([False, *lost], lost, strict=False))
    assert sum(lost) / 100_000 == pytest.approx(0.1, abs=0.015)
    assert sum(lost) / bursts == pytest.approx(8, abs=1)


def test_jitter_delays_within_its_bounds_and_overtakes_nobody() -> None:
    arrivals = [at for at in send(Leg(1, LegProfile(delay_ms=50, jitter_ms=30)), 500) if at is not None]
    assert arrivals == sorted(arrivals)
    assert all(50_000 <= at - number * 1000 <= 80_000 for number, at in enumerate(arrivals))


def test_reordered_packets_come_after_their_successors() -> None:
    arrivals = [at for at in send(Leg(1, LegProfile(reorder=0.05, reorder_ms=20)), 2000) if at is not None]
    late = [at for number, at in enumerate(arrivals) if at == number * 1000 + 20_000]
    assert len(late) == pytest.approx(100, abs=30)
    assert len(late) + sum(at == number * 1000 for number, at in enumerate(arrivals)) == 2000


def test_a_narrow_line_sends_at_its_rate_and_drops_what_its_queue_cannot_hold() -> None:
    leg = Leg(1, LegProfile(rate_kbps=800, queue_ms=100))
    arrivals = [at for at in send(leg, 1000, spacing_us=5000) if at is not None]
    assert arrivals[-1] - arrivals[0] == pytest.approx((len(arrivals) - 1) * 10_000, rel=0.01)
    assert leg.dropped["queue"] == 1000 - len(arrivals)
    assert max(at - 5000 * number for number, at in enumerate(arrivals[:10])) <= 110_000


def test_outages_and_blocks_let_nothing_of_their_kind_through() -> None:
    assert send(Leg(1, LegProfile(blackout=True)), 5, protocol=TCP) == [None] * 5
    blocked = Leg(1, LegProfile(blocks_udp=True, tcp_ports=(443,)))
    assert send(blocked, 1) == [None] and send(blocked, 1, protocol=TCP) == [0]
    assert blocked.decide(TCP, (5000, 8443), 60, 0) is None
    assert blocked.dropped == {"udp": 1, "port": 1}


def test_loss_can_leave_tcp_alone() -> None:
    leg = Leg(1, LegProfile(loss=1.0, reorder=1.0, loss_only_udp=True))
    assert send(leg, 3, protocol=TCP) == [0, 1000, 2000] and send(leg, 3) == [None] * 3


def test_a_profile_survives_its_way_through_json() -> None:
    profile = LegProfile(loss=0.1, tcp_ports=(443, 8443))
    assert LegProfile.from_json(profile.to_json()) == profile
