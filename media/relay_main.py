"""The relay's process: `python -m media.relay_main --socket PATH --config JSON`.

Serves one main. When main goes away, or on SIGTERM, journals are closed in order and the process ends.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping

import uvloop

from media.config import RelayConfig
from media.events import RelayEvent, to_wire
from media.journal import JournalConfig, JournalDisk
from media.log_budget import LineBudget
from media.relay_clock import RelayClock
from media.relay_core import Relay
from media.wire import Message, WireServer

#: So long a journal's thread may keep a packet waiting; Python's own 5 ms are more than a packet's whole time here.
SWITCH_INTERVAL_S = 0.0005

CALLS = frozenset(
    {
        "open_session",
        "set_recording",
        "add_up_peer",
        "add_down_peer",
        "accept_answer",
        "close_peer",
        "close_session",
        "set_device",
        "session_stats",
    }
)


async def serve(socket_path: str, config: RelayConfig, more: Mapping[str, Callable[..., Awaitable[object]]]) -> None:
    """Until main has gone or a signal asks to stop. `more`: what else is answered, by name."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    disk = JournalDisk(JournalConfig(floor_bytes=config.free_space_floor_bytes))
    disk.start()
    relay: Relay

    async def handle(call: str, args: Message) -> object:
        if call in more:
            return await more[call](**args)
        if call not in CALLS:
            raise ValueError("no such call")
        return await getattr(relay, call)(**args)

    server = WireServer(handle)

    def emit(event: RelayEvent) -> None:
        server.send_event(to_wire(event))

    relay = Relay(config, RelayClock(), emit, disk.open)
    relay.start()
    await server.listen(socket_path)
    try:
        await _wait_stop(server)
    finally:
        await relay.aclose()
        await disk.aclose()
        await server.drain()
        await server.aclose()


async def _wait_stop(server: WireServer) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    waits = [asyncio.create_task(server.wait_gone()), asyncio.create_task(stopped.wait())]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m media.relay_main", description="The media relay's process.")
    parser.add_argument("--socket", required=True, help="Unix socket to listen on for the main process")
    parser.add_argument("--config", default="{}", help="settings as JSON (media.config.RelayConfig)")
    args = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s relay %(levelname)s %(name)s: %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(LineBudget())
    uvloop.run(serve(args.socket, RelayConfig.from_json(args.config), {}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
