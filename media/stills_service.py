"""The stills process: what it keeps, and how it answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from media.errors import Kind, MediaError
from media.fonts import StampFont
from media.journal.format import JournalError
from media.journal.reader import read_header
from media.stamp import StampText
from media.stills_decode import Picture
from media.stills_index import KeyframeIndex
from media.stills_port import PictureFacts, StillRendered, no_picture_yet, stills_busy
from media.stills_render import render_still, sync_original
from media.stills_track import TrackFollower, find_picture

FOLLOW_EVERY_S = 0.2
MAX_FOLLOWED = 256
MAX_PENDING = 32

P = ParamSpec("P")
T = TypeVar("T")

Finish = Callable[[Picture, Path], StillRendered]
"""From a picture of that journal to the still."""

logger = logging.getLogger(__name__)


class StillsService:
    """Owner of the followed tracks. Decoding runs in two threads: the live end of tracks, and looking back.

    A look back may decode minutes; it must not keep a still of the live picture waiting.
    """

    def __init__(self, font: StampFont) -> None:
        self._font = font
        self._followers: dict[str, TrackFollower] = {}
        self._live = ThreadPoolExecutor(1, "stills-live")
        self._back = ThreadPoolExecutor(1, "stills-back")
        self._pending = 0
        self._following: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    def start(self) -> None:
        self._live.submit(self._font.load)
        self._following = asyncio.create_task(self._follow_all())

    async def handle(self, call: str, args: dict[str, Any]) -> Any:
        """A call from the wire. Raises MediaError."""
        if call == "follow":
            return self._follow(args["track_id"], Path(args["journal_path"]))
        if call == "unfollow":
            return await self._unfollow(args["track_id"])
        if call == "render":
            stamp, facts = StampText(tuple(args["lines"])), PictureFacts.from_json(args["facts"])
            finish = partial(self._finish, stamp=stamp, facts=facts, out_path=Path(args["out_path"]))
            return asdict(await self._render(Path(args["journal_path"]), args["at_us"], finish))
        raise MediaError(Kind.INVALID, "call_unknown", call)

    async def aclose(self) -> None:
        """Idempotent."""
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        self._live.shutdown(wait=True, cancel_futures=True)
        self._back.shutdown(wait=True, cancel_futures=True)
        for follower in self._followers.values():
            follower.close()
        self._followers.clear()

    def _follow(self, track_id: str, journal_path: Path) -> None:
        if track_id in self._followers:
            return
        if len(self._followers) >= MAX_FOLLOWED:
            raise stills_busy()
        self._followers[track_id] = TrackFollower(journal_path)
        self._changed.set()

    async def _unfollow(self, track_id: str) -> None:
        follower = self._followers.pop(track_id, None)
        if follower is not None:
            await self._run(self._live, follower.close)

    async def _follow_all(self) -> None:
        while True:
            if not self._followers:
                self._changed.clear()
                await self._changed.wait()
            for track_id in list(self._followers):
                await self._advance(track_id)
            await asyncio.sleep(FOLLOW_EVERY_S)

    async def _advance(self, track_id: str) -> None:
        follower = self._followers.get(track_id)
        if follower is None:
            return
        try:
            await self._run(self._live, follower.advance)
        except (JournalError, OSError) as error:
            logger.warning("following a track anew: %s", error)
            await self._unfollow(track_id)
            self._follow(track_id, follower.journal_path)

    async def _render(self, journal_path: Path, at_us: int | None, finish: Finish) -> StillRendered:
        if self._pending >= MAX_PENDING:
            raise stills_busy()
        self._pending += 1
        try:
            follower = next((each for each in self._followers.values() if each.journal_path == journal_path), None)
            picture = await self._run(self._live, _newest_by, follower, at_us) if follower is not None else None
            executor = self._live if picture is not None else self._back
            if picture is None:
                index = follower.index if follower is not None else None
                picture = await self._run(self._back, _find, journal_path, at_us, index)
            return await self._run(executor, finish, picture, journal_path)
        finally:
            self._pending -= 1

    def _finish(
        self, picture: Picture, journal_path: Path, stamp: StampText, facts: PictureFacts, out_path: Path
    ) -> StillRendered:
        sync_original(journal_path)
        return render_still(picture, read_header(journal_path).track_id, stamp, facts, self._font, out_path)

    @staticmethod
    async def _run(executor: ThreadPoolExecutor, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, partial(call, *args, **kwargs))


def _newest_by(follower: TrackFollower, at_us: int | None) -> Picture | None:
    """The newest picture of a followed track, None where that is too new (or not there)."""
    try:
        while follower.advance():
            pass
    except (JournalError, OSError) as error:
        logger.warning("a followed track cannot be read: %s", error)
        return None
    return follower.newest(at_us)


def _find(journal_path: Path, at_us: int | None, index: KeyframeIndex | None) -> Picture:
    try:
        picture = find_picture(journal_path, at_us, index)
    except (JournalError, OSError, ValueError) as error:
        logger.warning("a journal cannot be read: %s", error)
        raise no_picture_yet() from error
    if picture is None:
        raise no_picture_yet()
    return picture
