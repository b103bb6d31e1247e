"""The stills process: `python -m media.stills_main --socket PATH --config JSON`. Ends when main has gone."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from pathlib import Path

from media.fonts import open_font
from media.stills_port import StillsConfig
from media.stills_service import StillsService
from media.wire import WireServer


async def serve(socket_path: str, config: StillsConfig) -> None:
    """Listen, answer one client, return when it has gone."""
    service = StillsService(open_font(Path(config.cache_directory)))
    server = WireServer(service.handle)
    service.start()
    try:
        await server.listen(socket_path)
        await server.wait_gone()
    finally:
        await server.aclose()
        await service.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes stamped stills from journals.")
    parser.add_argument("--socket", required=True, help="path of the Unix socket to listen on")
    parser.add_argument("--config", required=True, help="settings as JSON")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    config = StillsConfig.from_json(arguments.config)
    os.nice(config.niceness)
    asyncio.run(serve(arguments.socket, config))


if __name__ == "__main__":
    main()
