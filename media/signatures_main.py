"""The signatures process: `python -m media.signatures_main --socket PATH --config JSON`. Ends when main has gone."""

from __future__ import annotations

import argparse
import asyncio
import base64
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from media.errors import Kind, MediaError
from media.journal.format import JournalError
from media.signatures_follow import SignedTrackFollower
from media.wire import WireServer

#: The one that was asked for longest ago is closed beyond it; its journal is read anew when it is asked for again.
MOST_FOLLOWED = 256
#: Below the relay and the stills: what it finds may wait.
NICENESS = 10

logger = logging.getLogger(__name__)


class SignaturesService:
    """Owner of the followers. One thread counts, one call after the other."""

    def __init__(self) -> None:
        self._followers: dict[str, SignedTrackFollower] = {}
        self._counting = ThreadPoolExecutor(1, "signatures")

    async def handle(self, call: str, args: dict[str, Any]) -> Any:
        """A call from the wire. Raises MediaError."""
        if call != "count":
            raise MediaError(Kind.INVALID, "call_unknown", call)
        keys = [base64.b64decode(key) for key in args.pop("public_keys")]
        return await asyncio.get_running_loop().run_in_executor(self._counting, partial(self._count, keys, **args))

    async def aclose(self) -> None:
        """Idempotent."""
        self._counting.shutdown(wait=True, cancel_futures=True)
        for follower in self._followers.values():
            follower.close()
        self._followers.clear()

    def _count(
        self,
        keys: list[bytes],
        track_id: str,
        journal_path: str,
        from_index: int,
        upto_bytes: int | None,
        is_ended: bool,
    ) -> dict[str, int] | None:
        try:
            follower = self._follower(track_id, Path(journal_path))
            follower.advance(keys, upto_bytes)
            if is_ended:
                follower.finish(keys)
        except (JournalError, OSError, KeyError) as error:
            logger.warning("the signatures of track %s are not counted: %s", track_id, error)
            self._forget(track_id)
            return None
        counted = follower.counted(from_index)
        if is_ended:
            self._forget(track_id)
        return asdict(counted) if counted is not None else None

    def _follower(self, track_id: str, journal_path: Path) -> SignedTrackFollower:
        follower = self._followers.pop(track_id, None) or SignedTrackFollower(journal_path)
        self._followers[track_id] = follower
        if len(self._followers) > MOST_FOLLOWED:
            self._forget(next(iter(self._followers)))
        return follower

    def _forget(self, track_id: str) -> None:
        follower = self._followers.pop(track_id, None)
        if follower is not None:
            follower.close()


async def serve(socket_path: str) -> None:
    """Listen, answer one client, return when it has gone."""
    service = SignaturesService()
    server = WireServer(service.handle)
    try:
        await server.listen(socket_path)
        await server.wait_gone()
    finally:
        await server.aclose()
        await service.aclose()


def main() -> None:
    parser = argparse.ArgumentParser(description="Counts the page-signed frames of journals.")
    parser.add_argument("--socket", required=True, help="path of the Unix socket to listen on")
    parser.add_argument("--config", required=True, help="none is needed; children are started alike")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    os.nice(NICENESS)
    asyncio.run(serve(arguments.socket))


if __name__ == "__main__":
    main()
