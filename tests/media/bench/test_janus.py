"""Janus as the other relay: what it is told, and that it comes up and carries a session where it is installed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from media.bench.janus_server import find_janus, write_config
from media.bench.janus_wire import JanusError, check_answer, jsep, subscribe_request
from media.bench.load import Load, read_figures
from media.bench.material import Material
from media.bench.servers import bench_config, start_server


@pytest.mark.unit
def test_errors_of_janus_and_of_its_plugin_are_raised() -> None:
    with pytest.raises(JanusError, match="No such session"):
        check_answer({"janus": "error", "error": {"code": 458, "reason": "No such session 1"}})
    with pytest.raises(JanusError, match="No such feed"):
        check_answer({"janus": "event", "plugindata": {"data": {"error_code": 428, "error": "No such feed (1)"}}})
    assert check_answer({"janus": "success", "data": {"id": 1}})["data"]["id"] == 1


@pytest.mark.unit
def test_descriptions_hold_all_candidates_and_a_viewer_takes_the_one_feed() -> None:
    assert jsep("offer", "v=0") == {"type": "offer", "sdp": "v=0", "trickle": False}
    assert subscribe_request(3, 7)["streams"] == [{"feed": 7}]


@pytest.mark.unit
def test_only_what_the_comparison_needs_is_loaded(tmp_path: Path) -> None:
    for name in ("plugins/libjanus_videoroom.so", "plugins/libjanus_sip.so", "transports/libjanus_pfunix.so"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    socket_path = write_config(tmp_path, tmp_path, "192.0.2.7")
    core = (tmp_path / "janus.jcfg").read_text()
    assert 'plugins: { disable = "libjanus_sip.so" }' in core and 'ice_enforce_list = "192.0.2.7"' in core
    assert str(socket_path) in (tmp_path / "janus.transport.pfunix.jcfg").read_text()


@pytest.mark.skipif(find_janus() is not None, reason=str(find_janus()))
async def test_janus_carries_a_session_of_the_same_load(tmp_path: Path, material: Material) -> None:
    server = await start_server("janus", tmp_path, bench_config())
    load = Load(server, material, tmp_path, recording=False)
    try:
        await load.add_session()
        await asyncio.wait_for(load.receivers[0].first_frame.wait(), 20)
        figures = await read_figures(load, 1.0)
    finally:
        await load.aclose()
        await server.aclose()
    assert figures["fps"] > 5 and figures["cpu_percent"] > 0 and figures["p50_ms"] is not None
