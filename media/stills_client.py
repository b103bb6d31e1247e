"""Main's end of the stills process: keeps it alive, and tells it again what to follow after a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from media.stamp import StampText
from media.stills_port import NO_FACTS, PictureFacts, StillRendered, StillsConfig, stills_busy
from media.supervisor import ChildSupervisor

MAX_PENDING = 16
RENDER_DEADLINE_S = 20.0


class StillsClient:
    """A `StillsPort`. `await start()` first, `await aclose()` at the end."""

    def __init__(self, config: StillsConfig, socket_path: Path) -> None:
        self._child = ChildSupervisor(
            "media.stills_main", socket_path, config.to_json(), lambda message: None, self._follow_again
        )
        self._followed: dict[str, str] = {}
        self._pending = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """Raises MediaError where the process does not come up."""
        await self._child.start()

    async def aclose(self) -> None:
        """Idempotent."""
        await self._child.aclose()

    async def follow(self, session_id: str, track_id: str, journal_path: Path) -> None:
        self._followed[track_id] = str(journal_path)
        await self._child.call("follow", {"track_id": track_id, "journal_path": str(journal_path)})

    async def unfollow(self, track_id: str) -> None:
        if self._followed.pop(track_id, None) is not None:
            await self._child.call("unfollow", {"track_id": track_id})

    async def render(
        self,
        still_id: str,
        journal_path: Path,
        at_us: int | None,
        stamp: StampText,
        out_path: Path,
        facts: PictureFacts = NO_FACTS,
    ) -> StillRendered:
        if self._pending >= MAX_PENDING:
            raise stills_busy()
        args = {
            "still_id": still_id,
            "journal_path": str(journal_path),
            "at_us": at_us,
            "lines": list(stamp.lines),
            "out_path": str(out_path),
            "facts": facts.to_json(),
        }
        self._pending += 1
        try:
            answer = await self._child.call("render", args, RENDER_DEADLINE_S)
        finally:
            self._pending -= 1
        return StillRendered(**cast("dict[str, Any]", answer))

    async def _follow_again(self) -> None:
        for track_id, journal_path in list(self._followed.items()):
            await self._child.call("follow", {"track_id": track_id, "journal_path": journal_path})
