"""The demo's players are programs of their own, outside of the server: they see what the public interface shows."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from web.console import CommandFailed

SOURCE_ROOT = Path(__file__).resolve().parents[1]
PAUSES_S = (5.0, 15.0, 30.0, 65.0)  # the last lets the interval between two codes pass
END_PATIENCE_S = 5.0


async def start_player(command: list[str], stdin: int = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
    """`python -m` that command in the source tree, in a session of its own: Ctrl-C is for the server.

    Raises CommandFailed where the examples are not there.
    """
    if not (SOURCE_ROOT / Path(*command[0].split("."))).is_dir():
        raise CommandFailed(f"{command[0]} is not in {SOURCE_ROOT}: the demo's players come with the source tree")
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", *command, cwd=SOURCE_ROOT, stdin=stdin, start_new_session=True
    )


async def end_player(player: asyncio.subprocess.Process) -> None:
    """Asks it to end, and makes it end. Idempotent."""
    if player.returncode is not None:
        return
    os.killpg(player.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(player.wait(), END_PATIENCE_S)
    except TimeoutError:
        os.killpg(player.pid, signal.SIGKILL)
        await player.wait()


async def keep_robot(command: list[str]) -> None:
    """Plays the applicant until its job is done; a robot that failed is sent again, a few times."""
    for pause_s in (*PAUSES_S, 0.0):
        if await _play_once(command) == 0:
            _say("机器人已完成 the robot is done; 再次启动演示即有新的场次 start the demo again for a new session")
            return
        if pause_s:
            _say(f"机器人中断，{pause_s:.0f} 秒后再来 the robot failed, it comes again in {pause_s:.0f} s")
            await asyncio.sleep(pause_s)
    _say("机器人不再重试 the robot gives up; --no-robot 用手机扮演申请人 leaves its part to your phone")


async def _play_once(command: list[str]) -> int:
    player = await start_player(command)
    try:
        return await player.wait()
    finally:
        await end_player(player)


def _say(text: str) -> None:
    print(f"demo: {text}", flush=True)
