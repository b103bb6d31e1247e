"""Has a viewing copy made in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from media.errors import Kind, MediaError
from media.stills_port import Replay

DEADLINE_S = 3600.0


async def make_replay(session_directory: Path, out_path: Path, container: str | None = None) -> Replay:
    """`container`: "webm", "mp4", "fmp4", or None for the one that takes the pictures as they came.

    Raises MediaError `no_recording`, `storage_full` or `replay_failed`. The process is killed where the caller gives
    up.
    """
    wanted = ("--container", container) if container is not None else ()
    command = (sys.executable, "-m", "media.replay_main", *wanted, str(session_directory), str(out_path))
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(DEADLINE_S):
            answer, _ = await child.communicate()
    except TimeoutError as error:
        raise replay_failed("it took too long") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return _read_answer(child.returncode, answer)


def _read_answer(status: int | None, answer: bytes) -> Replay:
    try:
        if status == 0:
            return Replay.from_json(answer)
        refusal = MediaError.from_wire(json.loads(answer))
    except (ValueError, TypeError, KeyError) as error:
        raise replay_failed(f"exit status {status}") from error
    raise refusal


def replay_failed(message: str) -> MediaError:
    return MediaError(Kind.INTERNAL, "replay_failed", message)
