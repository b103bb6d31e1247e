"""UDP blocked, TCP 443 alone gets out: phone and inspector are in the call over TLS to the TURN server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reach.tls443 import measure, scene

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


async def test_both_legs_connect_over_tls_within_five_seconds_where_udp_is_blocked(
    has_coturn: None, tmp_path: Path
) -> None:
    with scene(tmp_path) as place:
        joins = await measure(place, count=1)
        blocked = place.network.counts()["phone.up"]["dropped"]
    assert {join.who for join in joins} == {"phone", "inspector"}
    assert all(join.is_in_time and join.relayed_by == "tls" for join in joins), joins
    assert blocked["udp"] > 0, "the browsers tried UDP, and it did not get out"


@pytest.mark.bench
async def test_twenty_of_twenty_joins_are_in_time(has_coturn: None, tmp_path: Path) -> None:
    with scene(tmp_path) as place:
        joins = await measure(place, count=20)
    assert len(joins) == 40 and all(join.is_in_time for join in joins), joins
