"""Who floods is closed; who borrows a peer's address closes nobody."""

from __future__ import annotations

import pytest

from media.aiortc_private import GuardedConnection
from media.config import RelayConfig

pytestmark = pytest.mark.unit

PACKETS_PER_S = 100


async def flooded(unprotect_failed_per_s: int) -> bool:
    """Ten seconds at twice the cap."""
    now_us = 0
    config = RelayConfig(max_packets_per_s=PACKETS_PER_S, flooding_after_s=5)
    connection = GuardedConnection(config, lambda: now_us)
    closed: list[bool] = []
    connection.on_flooding = lambda: closed.append(True)
    for number in range(20 * PACKETS_PER_S):
        now_us = number * 1_000_000 // (2 * PACKETS_PER_S)
        connection.afford(bytes(100))
        if number % (2 * PACKETS_PER_S) < unprotect_failed_per_s:
            connection.counters.unprotect_failed += 1
    await connection.close()
    return bool(closed)


async def test_a_peer_that_sends_twice_what_it_may_is_closed() -> None:
    assert await flooded(0)


async def test_some_broken_packets_do_not_protect_a_flooder() -> None:
    assert await flooded(PACKETS_PER_S // 4)


async def test_packets_that_the_peer_did_not_protect_do_not_close_it() -> None:
    assert not await flooded(PACKETS_PER_S)
