"""Viewing copies of ended sessions: made one at a time, in a process of its own, and known by their files alone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from media.errors import MediaError
from media.replay_client import make_replay
from media.stills_port import Replay

MOST_WAITING = 200
MOST_TRIES = 3
FILM, FACTS = "replay.webm", "replay.json"

_log = logging.getLogger(__name__)

MakeReplay = Callable[[Path, Path], Awaitable[Replay]]
"""`(session directory, file to write)`."""


class State(StrEnum):
    READY = "ready"
    MAKING = "making"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ReplayState:
    """`origin_us` (unix µs of the film's zero), `duration_ms` and `path` are there when it is ready."""

    state: State
    origin_us: int | None = None
    duration_ms: int | None = None
    path: Path | None = None


class ReplayJobs:
    """Owner of the queue. When more than MOST_WAITING wait, a new one is left out and can be asked for again."""

    def __init__(self, evidence_root: Path, make: MakeReplay = make_replay) -> None:
        self._root = evidence_root
        self._make = make
        self._waiting: dict[tuple[str, str], None] = {}
        self._making: tuple[str, str] | None = None
        self._failed: dict[tuple[str, str], int] = {}
        self._asked = asyncio.Event()
        self._changed = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    def ask(self, inspection_id: str, session_id: str) -> None:
        """Have it made unless it is there, on its way, or known to have nothing recorded. Never waits.

        A copy that failed is tried again when it is asked for, `MOST_TRIES` times in all until the next start.
        """
        job = (inspection_id, session_id)
        if job in self._waiting or job == self._making or self._find(job):
            return
        if self._failed.get(job, 0) >= MOST_TRIES:
            return
        if len(self._waiting) >= MOST_WAITING:
            _log.warning("too many viewing copies wait: session %s is left out for now", session_id)
            return
        self._waiting[job] = None
        self._asked.set()

    def state(self, inspection_id: str, session_id: str) -> ReplayState:
        job = (inspection_id, session_id)
        ready = self._find(job)
        if ready is not None:
            return ready
        return ReplayState(State.MAKING if job in self._waiting or job == self._making else State.NONE)

    async def settled(self) -> None:
        """Returns once nothing waits and nothing is being made."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._waiting and self._making is None)

    async def aclose(self) -> None:
        """A copy that is being made is given up; it is made when next asked for. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _work(self) -> None:
        while True:
            await self._asked.wait()
            while self._waiting:
                job = next(iter(self._waiting))
                self._making = job
                del self._waiting[job]
                await self._make_one(job)
                self._making = None
                async with self._changed:
                    self._changed.notify_all()
            self._asked.clear()

    async def _make_one(self, job: tuple[str, str]) -> None:
        folder = self._folder(job)
        unfinished = folder / f".{FILM}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replay = await self._make(folder.parent, unfinished)
            await asyncio.to_thread(_keep, unfinished, folder, replay)
        except MediaError as error:
            self._failed[job] = MOST_TRIES if error.code == "no_recording" else self._failed.get(job, 0) + 1
            _log.warning("no viewing copy of session %s: %s", job[1], error.code)
        except OSError as error:
            _log.error("no viewing copy of session %s: %s", job[1], error.strerror)
        finally:
            unfinished.unlink(missing_ok=True)

    def _folder(self, job: tuple[str, str]) -> Path:
        return self._root.joinpath(*job, "derived")

    def _find(self, job: tuple[str, str]) -> ReplayState | None:
        folder = self._folder(job)
        try:
            facts = json.loads((folder / FACTS).read_bytes())
            origin_us, duration_ms = int(facts["origin_us"]), int(facts["duration_ms"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        film = folder / FILM
        return ReplayState(State.READY, origin_us, duration_ms, film) if film.is_file() else None


def _keep(unfinished: Path, folder: Path, replay: Replay) -> None:
    """The facts come last: with them the copy counts as there."""
    unfinished.replace(folder / FILM)
    facts = folder / f".{FACTS}.new"
    facts.write_text(json.dumps({"origin_us": replay.origin_us, "duration_ms": replay.duration_ms}), "ascii")
    os.replace(facts, folder / FACTS)
