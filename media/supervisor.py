"""Keeps one child process (relay, stills) alive and connected.

The child is `python -m MODULE --socket PATH --config JSON`. It listens on the socket; this side connects. After a crash
it is started anew, with a pause that grows from 0.1 s to 5 s and starts over once the child has lived for 30 s.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from media.wire import Message, WireClient, child_unavailable

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
STEADY_AFTER_S = 30.0
START_DEADLINE_S = 20.0
STOP_DEADLINE_S = 10.0
CONNECT_EVERY_S = 0.02

logger = logging.getLogger(__name__)


class ChildSupervisor:
    """Owner of one child process and of the connection to it.

    `on_event` gets the child's events in order; `on_restarted` is awaited after each start but the first.
    """

    def __init__(
        self,
        module: str,
        socket_path: Path,
        config_json: str,
        on_event: Callable[[Message], None],
        on_restarted: Callable[[], Awaitable[None]],
    ) -> None:
        self._module = module
        self._socket_path = socket_path
        self._config_json = config_json
        self._on_event = on_event
        self._on_restarted = on_restarted
        self._client: WireClient | None = None
        self._child: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None else None

    async def start(self) -> None:
        """Start the child and connect. Raises MediaError (unavailable) where it does not come up in 20 s."""
        await self._start_child()
        self._keeping = asyncio.create_task(self._keep())

    async def call(self, name: str, args: Message, timeout_s: float = 10.0) -> object:
        """Raises the child's MediaError; unavailable while the child is down."""
        if self._client is None:
            raise child_unavailable()
        return await self._client.call(name, args, timeout_s)

    async def aclose(self) -> None:
        """Close the connection, so that the child closes its files and exits; kill it after 10 s. Idempotent."""
        keeping, self._keeping = self._keeping, None
        if keeping is not None:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        await self._drop_client()
        await self._stop_child()

    async def _keep(self) -> None:
        pause_s = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            await self._gone.wait()
            await self._drop_client()
            await self._stop_child()
            pause_s = FIRST_PAUSE_S if loop.time() - started > STEADY_AFTER_S else min(pause_s * 2, LONGEST_PAUSE_S)
            logger.warning("%s is gone: starting it anew in %.1f s", self._module, pause_s)
            await asyncio.sleep(pause_s)
            await self._restart()

    async def _restart(self) -> None:
        try:
            await self._start_child()
            await self._on_restarted()
        except Exception:
            logger.exception("%s does not start", self._module)
            self._gone.set()

    async def _start_child(self) -> None:
        self._gone.clear()
        self._socket_path.parent.mkdir(parents=True, exist_ok=True)
        self._socket_path.unlink(missing_ok=True)
        # A session of its own: Ctrl-C in a terminal reaches main alone, which closes its children in order.
        command = (
            sys.executable,
            "-m",
            self._module,
            "--socket",
            str(self._socket_path),
            "--config",
            self._config_json,
        )
        self._child = await asyncio.create_subprocess_exec(*command, start_new_session=True)
        client = WireClient(self._on_event, self._gone.set)
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                await self._connect(client, self._child)
        except TimeoutError as error:
            await self._stop_child()
            raise child_unavailable() from error
        self._client = client

    async def _connect(self, client: WireClient, child: asyncio.subprocess.Process) -> None:
        while True:
            try:
                await client.connect(str(self._socket_path))
                return
            except OSError:
                if child.returncode is not None:
                    raise child_unavailable() from None
                await asyncio.sleep(CONNECT_EVERY_S)

    async def _drop_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _stop_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        try:
            await asyncio.wait_for(child.wait(), STOP_DEADLINE_S)
        except TimeoutError:
            logger.error("%s did not exit by itself: killing it", self._module)
            child.kill()
            await child.wait()
