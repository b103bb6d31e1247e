"""Small variants of the attacks; the whole ones are commands (`docs/performance.md`, "Under attack")."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.flood import flood
from tests.fuzz.handshakes import handshakes
from tests.fuzz.live import call_material
from tests.fuzz.mutate import Mutator
from tests.fuzz.run import fuzz

pytestmark = pytest.mark.integration

#: A busy machine delays frames by itself; the commands hold the real bound on a quiet one.
LEAST_SHARE = 0.8


async def test_twenty_thousand_cases_disturb_nobody_else() -> None:
    report = await fuzz(20_000, 1, call_material(), before_s=1.5)
    live, inside = report["over_sockets"], report["in_process"]
    assert inside["unexpected"] == [] and live["faults_logged"] == []
    assert live["closed_calls_of_others"] == [] and live["process_exits"] == 0
    assert live["rss_mb_after"] - live["rss_mb_before"] < 50
    for who, fps in live["fps_during"].items():
        assert fps > LEAST_SHARE * live["fps_before"][who]
    assert live["from_authenticated"] >= 4_900 and live["from_strangers"] >= 4_000


async def test_five_thousand_strays_a_second_disturb_no_call() -> None:
    report = await flood(3.0, 5000, 1, call_material(), before_s=1.5)
    assert report["strays"] > 5_000
    assert report["closed_calls"] == [] and report["process_exits"] == 0 and report["faults_logged"] == []
    assert report["fps_during"] > LEAST_SHARE * report["fps_without"]
    assert report["rss_mb_after"] - report["rss_mb_before"] < 10


async def test_ten_handshakes_succeed_under_dtls_noise() -> None:
    report = await handshakes(10, 1)
    assert report["failed"] == [] and report["faults_logged"] == []
    assert report["noise"] > 200


def test_the_same_seed_gives_the_same_cases() -> None:
    seeds = [bytes(range(40)), b"abc" * 10]
    once, again = (Mutator(random.Random(7)) for _ in range(2))
    assert [once.mutate(seeds, keep=2) for _ in range(200)] == [again.mutate(seeds, keep=2) for _ in range(200)]
