"""The benchmark measures what it says, and the relay's bound against aiortc's MediaRelay holds."""

from __future__ import annotations

import argparse

import pytest

from media.bench.figures import render
from media.bench.material import Material, packetise
from media.bench.relay_bench import add_arguments, run, run_relay_bench


@pytest.mark.unit
def test_payloads_begin_with_a_descriptor_and_fit_a_packet() -> None:
    parts = packetise(b"\x10" + bytes(5000))
    assert [part[0] for part in parts] == [0x10, 0, 0, 0, 0]
    assert b"".join(part[1:] for part in parts) == b"\x10" + bytes(5000)
    assert max(len(part) for part in parts) <= 1151


@pytest.mark.unit
def test_the_material_is_a_loop_of_about_one_and_a_half_megabits(material: Material) -> None:
    sizes = [sum(len(part) for part in parts) for parts in material.video]
    assert len(sizes) == 60 and 1_300_000 < sum(sizes) * 8 / 2 < 1_700_000
    assert material.video[0][0][1] & 1 == 0, "the loop begins with a key frame"
    assert len(material.audio) == 50


@pytest.mark.unit
def test_unknown_relays_are_refused() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert run(parser.parse_args(["--against", "something"])) == 2
    assert run(parser.parse_args(["--runs", "0"])) == 2
    for wrong in ("0", "1,-5", "many"):
        with pytest.raises(SystemExit):
            parser.parse_args(["--sessions", wrong])
    assert parser.parse_args(["--sessions", "1,5,20"]).sessions == [1, 5, 20]


async def test_our_relay_is_measured_passing_on_and_recording(material: Material) -> None:
    report = await run_relay_bench(material, [1], seconds=1.5, against=[])
    results = report["results"]
    assert [result["relay"] for result in results] == ["yuntakan-forward", "yuntakan"]
    for result in results:
        assert result["sessions"] == 1 and result["fps"] > 10 and result["kbps"] > 500 and result["rss_mb"] > 20
        assert result["cpu_percent"] > 0 and result["p50_ms"] <= result["p99_ms"]
    assert report["ratios"] == {}


@pytest.mark.bench
async def test_forwarding_costs_at_most_a_tenth_of_aiortcs_media_relay(material: Material) -> None:
    report = await run_relay_bench(material, [1], seconds=8, against=["mediarelay"])
    print(render(report))
    results = {result["relay"]: result for result in report["results"]}
    assert results["yuntakan-forward"]["fps"] > 29 and results["yuntakan"]["fps"] > 29
    assert report["ratios"]["yuntakan-forward/mediarelay"] <= 1 / 10
    assert report["ratios"]["yuntakan/mediarelay"] <= 1 / 10
