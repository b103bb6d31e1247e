"""`yuntakan bench relay`: the relay and others under the same synthetic load, one after the other in one run."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from media.bench.material import Material, make_material
from media.bench.measure import cpu_ns, percentile_ms, rss_mb
from media.bench.peers import LoadReceiver, LoadSender
from media.config import RelayConfig
from media.peer import PeerIdentity
from media.relay_client import RelayClient
from media.supervisor import ChildSupervisor

OURS = ("yuntakan-forward", "yuntakan")
OTHERS = ("mediarelay",)
WARM_UP_S = 3.0
CONNECT_DEADLINE_S = 30.0

Result = dict[str, Any]


async def run_relay_bench(sessions: int, seconds: float, against: Sequence[str]) -> dict[str, Any]:
    """`{"results": [one per relay], "ratios": {"<ours>/<other>": share of CPU}}`; see `docs/performance.md`."""
    say("encoding the clip")
    material = make_material()
    results = []
    for name in (*OURS, *against):
        results.append(await _measure(name, material, sessions, seconds))
    return {"results": results, "ratios": _ratios(results)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sessions", type=int, default=1, help="sessions at the same time (default 1)")
    parser.add_argument("--seconds", type=float, default=15.0, help="measured time for each relay (default 15)")
    parser.add_argument(
        "--against", default="mediarelay", help="other relays, by commas: mediarelay (default), or none"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(args: argparse.Namespace) -> int:
    """Exit status 0 when all was measured, 2 for wrong arguments."""
    against = [] if args.against == "none" else args.against.split(",")
    unknown = [name for name in against if name not in OTHERS]
    if unknown or args.sessions < 1 or args.seconds <= 0:
        print(f"cannot measure: {', '.join(unknown) or 'sessions and seconds must be positive'}", file=sys.stderr)
        return 2
    report = uvloop.run(run_relay_bench(args.sessions, args.seconds, against))
    print(json.dumps(report, indent=2) if args.json else render(report))
    return 0


def render(report: dict[str, Any]) -> str:
    columns = ("relay", "sessions", "cpu_percent", "fps", "kbps", "packets_per_s", "p50_ms", "p99_ms", "rss_mb")
    rows = [columns, *([str(result[column]) for column in columns] for result in report["results"])]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(lines + [f"{name}: {ratio}" for name, ratio in report["ratios"].items()])


def say(text: str) -> None:
    """A progress line."""
    print(text, file=sys.stderr, flush=True)


def _ratios(results: list[Result]) -> dict[str, float]:
    """CPU for one delivered frame, ours by theirs: a relay that cannot keep up is not cheap."""
    cost = {result["relay"]: result["cpu_percent"] / result["fps"] for result in results if result["fps"]}
    return {
        f"{ours}/{other}": round(cost[ours] / cost[other], 4)
        for ours in OURS
        for other in cost
        if other not in OURS and ours in cost
    }


async def _measure(name: str, material: Material, sessions: int, seconds: float) -> Result:
    with tempfile.TemporaryDirectory(prefix="ytk-bench") as folder:
        server, port = await _start_server(name, Path(folder))
        try:
            return await _measure_server(name, server, port, material, sessions, seconds, Path(folder))
        finally:
            await server.aclose()


async def _start_server(name: str, folder: Path) -> tuple[ChildSupervisor, RelayClient]:
    module = "media.relay_main" if name in OURS else "media.bench.aiortc_server"
    server: ChildSupervisor

    async def call(call_name: str, args: dict[str, Any], timeout_s: float) -> object:
        return await server.call(call_name, args, max(timeout_s, CONNECT_DEADLINE_S))

    async def restarted() -> None:
        say(f"{name} crashed")

    port = RelayClient(call)
    server = ChildSupervisor(module, folder / "relay.sock", RelayConfig().to_json(), lambda _: None, restarted)
    await server.start()
    return server, port


async def _measure_server(
    name: str,
    server: ChildSupervisor,
    port: RelayClient,
    material: Material,
    sessions: int,
    seconds: float,
    folder: Path,
) -> Result:
    say(f"{name}: connecting {sessions} session(s)")
    senders: list[LoadSender] = []
    receivers: list[LoadReceiver] = []
    try:
        for index in range(sessions):
            await _connect(port, material, index, folder, name == "yuntakan", senders, receivers)
        say(f"{name}: measuring for {seconds:.0f} s after {WARM_UP_S:.0f} s")
        await asyncio.sleep(WARM_UP_S)
        return await _read(name, server, receivers, seconds)
    finally:
        await asyncio.gather(*(peer.aclose() for peer in [*senders, *receivers]))


async def _connect(
    port: RelayClient,
    material: Material,
    index: int,
    folder: Path,
    recording: bool,
    senders: list[LoadSender],
    receivers: list[LoadReceiver],
) -> None:
    session_id = f"bench-{index}"
    await port.open_session(session_id, str(folder / session_id))
    await port.set_recording(session_id, recording)
    sender = LoadSender(PeerIdentity(session_id, f"up-{index}", f"applicant-{index}", "applicant", "up"), material)
    senders.append(sender)
    await sender.publish(port)
    identity = PeerIdentity(session_id, f"down-{index}", f"inspector-{index}", "inspector", "down")
    receiver = await LoadReceiver.subscribe(identity, port)
    receivers.append(receiver)
    async with asyncio.timeout(CONNECT_DEADLINE_S):
        await sender.is_connected.wait()
        await receiver.is_connected.wait()
    sender.play()


async def _read(name: str, server: ChildSupervisor, receivers: list[LoadReceiver], seconds: float) -> Result:
    loop = asyncio.get_running_loop()
    pid = server.pid
    if pid is None:
        raise RuntimeError(f"{name} is not running")
    for receiver in receivers:
        receiver.reset()
    cpu_before, began = cpu_ns(pid), loop.time()
    await asyncio.sleep(seconds)
    elapsed_s = loop.time() - began
    cpu_percent = (cpu_ns(pid) - cpu_before) / elapsed_s / 1e7
    delays_us = [delay for receiver in receivers for delay in receiver.delays_us] if name in OURS else []
    count = len(receivers)
    return {
        "relay": name,
        "sessions": count,
        "cpu_percent": round(cpu_percent, 2),
        "fps": round(sum(r.frames for r in receivers) / elapsed_s / count, 1),
        "kbps": round(sum(r.bytes for r in receivers) * 8 / elapsed_s / 1000 / count),
        "packets_per_s": round(sum(r.packets for r in receivers) / elapsed_s / count, 1),
        "p50_ms": percentile_ms(delays_us, 0.5),
        "p99_ms": percentile_ms(delays_us, 0.99),
        "rss_mb": round(rss_mb(pid), 1),
    }
