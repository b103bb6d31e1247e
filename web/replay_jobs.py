"""Films of ended sessions, made in a process of their own and known by their files alone.

The viewing copy is made by itself when a session ends, copies to take away when somebody asks for one; each kind in a
line of its own, so that nobody waits for a picture that has to be encoded anew. A film is written beside its name,
synced and renamed; its facts come last, and with them it counts as there. What was asked for and is not made yet is a
file too, so that it is made after a restart.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

from media.errors import MediaError
from media.replay_client import make_replay
from media.stills_port import Replay
from web.job_line import JobLine

MOST_TRIES = 3
#: What a copy is asked for as; `viewing` is in the container that takes the pictures as they came.
Copy = Literal["viewing", "webm", "mp4"]
CONTAINERS: dict[Copy, str | None] = {"viewing": None, "webm": "webm", "mp4": "fmp4"}
TO_TAKE_AWAY: tuple[Copy, ...] = ("webm", "mp4")
STEMS: dict[Copy, str] = {"viewing": "replay", "webm": "copy-webm", "mp4": "copy-mp4"}

_log = logging.getLogger(__name__)

MakeReplay = Callable[[Path, Path, str | None], Awaitable[Replay]]
"""`(session directory, file to write, container)`."""


class State(StrEnum):
    READY = "ready"
    MAKING = "making"
    NONE = "none"


class Job(NamedTuple):
    inspection_id: str
    session_id: str
    copy: Copy


@dataclass(frozen=True, slots=True)
class ReplayState:
    """`film` and `path` are there when it is ready."""

    state: State
    film: Replay | None = None
    path: Path | None = None

    @property
    def origin_us(self) -> int | None:
        """Unix µs of the film's zero."""
        return self.film.origin_us if self.film is not None else None

    @property
    def duration_ms(self) -> int | None:
        return self.film.duration_ms if self.film is not None else None


class ReplayJobs:
    """Owner of the lines. What a full line leaves out can be asked for again."""

    def __init__(self, evidence_root: Path, make: MakeReplay = make_replay, free_space_floor_bytes: int = 0) -> None:
        self._root = evidence_root
        self._floor_bytes = free_space_floor_bytes
        self._make = make
        self._failed: dict[Job, int] = {}
        self._viewing: JobLine[Job] = JobLine(self._make_one)
        self._copies: JobLine[Job] = JobLine(self._make_one)

    def start(self) -> None:
        """What an earlier run was asked for and did not make is in line again."""
        self._viewing.start()
        self._copies.start()
        for asked in sorted(self._root.glob("*/*/derived/*.asked")):
            copy = next((copy for copy in TO_TAKE_AWAY if STEMS[copy] == asked.stem), None)
            if copy is not None:
                self.ask(asked.parts[-4], asked.parts[-3], copy)

    def ask(self, inspection_id: str, session_id: str, copy: Copy = "viewing") -> None:
        """Have it made unless it is there, on its way, or known to have nothing recorded. Never waits for it.

        A copy that failed is tried again when it is asked for, `MOST_TRIES` times in all until the next start.
        """
        job = Job(inspection_id, session_id, copy)
        if self._find(job) is not None or self._failed.get(job, 0) >= MOST_TRIES:
            return
        if not self._line(job).ask(job):
            _log.warning("too many copies wait: %s of session %s is left out for now", copy, session_id)
        elif copy in TO_TAKE_AWAY:
            self._remember(job)

    def state(self, inspection_id: str, session_id: str, copy: Copy = "viewing") -> ReplayState:
        job = Job(inspection_id, session_id, copy)
        ready = self._find(job)
        if ready is not None:
            return ready
        return ReplayState(State.MAKING if self._line(job).holds(job) else State.NONE)

    async def settled(self) -> None:
        """Returns once nothing waits and nothing is being made."""
        await self._viewing.settled()
        await self._copies.settled()

    async def viewing_settled(self) -> None:
        """Returns once no viewing copy waits or is being made."""
        await self._viewing.settled()

    async def aclose(self) -> None:
        """A copy that is being made is given up; it is made at the next start or when next asked for. Idempotent."""
        await self._viewing.aclose()
        await self._copies.aclose()

    def _line(self, job: Job) -> JobLine[Job]:
        return self._viewing if job.copy == "viewing" else self._copies

    async def _make_one(self, job: Job) -> None:
        folder = self._folder(job)
        unfinished = folder / f".{STEMS[job.copy]}.new"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            await asyncio.to_thread(_require_room, folder.parent, self._floor_bytes)
            film = await self._make(folder.parent, unfinished, CONTAINERS[job.copy])
            await asyncio.to_thread(_keep, unfinished, folder, STEMS[job.copy], film)
            self._forget(job)
        except MediaError as error:
            self._failed[job] = MOST_TRIES if error.code == "no_recording" else self._failed.get(job, 0) + 1
            _log.warning("no %s copy of session %s: %s", job.copy, job.session_id, error.code)
            if self._failed[job] >= MOST_TRIES:
                self._forget(job)
        except OSError as error:
            _log.error("no %s copy of session %s: %s", job.copy, job.session_id, error.strerror)
        finally:
            unfinished.unlink(missing_ok=True)

    def _remember(self, job: Job) -> None:
        try:
            self._asked(job).parent.mkdir(parents=True, exist_ok=True)
            self._asked(job).touch()
        except OSError as error:
            _log.warning("after a restart nobody will know that a copy was asked for: %s", error.strerror)

    def _forget(self, job: Job) -> None:
        self._asked(job).unlink(missing_ok=True)

    def _asked(self, job: Job) -> Path:
        return self._folder(job) / f"{STEMS[job.copy]}.asked"

    def _folder(self, job: Job) -> Path:
        return self._root.joinpath(job.inspection_id, job.session_id, "derived")

    def _find(self, job: Job) -> ReplayState | None:
        """The viewing copy serves whoever wants to take away its container."""
        found = self._read(job, STEMS[job.copy])
        if found is None and job.copy == "webm":
            viewing = self._read(job, STEMS["viewing"])
            if viewing is not None and viewing.path is not None and viewing.path.suffix == ".webm":
                return viewing
        return found

    def _read(self, job: Job, stem: str) -> ReplayState | None:
        folder = self._folder(job)
        try:
            film = Replay.from_json((folder / f"{stem}.json").read_bytes())
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        path = folder / f"{stem}.{_suffix(film)}"
        return ReplayState(State.READY, film, path) if path.is_file() else None


def _require_room(session_folder: Path, floor_bytes: int) -> None:
    """A film is about as large as the recording. Raises OSError where evidence and ledger need the room more."""
    needed_bytes = sum(one.stat().st_size for one in session_folder.rglob("*") if one.is_file())
    if floor_bytes and shutil.disk_usage(session_folder).free - needed_bytes < floor_bytes:
        raise OSError(errno.ENOSPC, "the free space left is for evidence")


def _suffix(film: Replay) -> str:
    return "webm" if film.container == "webm" else "mp4"


def _keep(unfinished: Path, folder: Path, stem: str, film: Replay) -> None:
    """The facts come last: with them the copy counts as there."""
    unfinished.replace(folder / f"{stem}.{_suffix(film)}")
    facts = folder / f".{stem}.json.new"
    facts.write_text(json.dumps(asdict(film)), "ascii")
    os.replace(facts, folder / f"{stem}.json")
