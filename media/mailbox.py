"""A bounded mailbox read by one task: work is done in order, one piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from media.errors import session_unknown

LETTERS = 256

Work = Callable[[], Awaitable[Any]]


class Mailbox:
    """Owner of the reading task. Where 256 pieces wait already, `post` waits for room."""

    def __init__(self) -> None:
        self._letters: asyncio.Queue[tuple[Work, asyncio.Future[Any]]] = asyncio.Queue(LETTERS)
        self._closed = False
        self._reading = asyncio.create_task(self._read())

    async def post(self, work: Work) -> Any:
        """The result of the work when its turn has come. Raises what it raises, and session_unknown after the end."""
        if self._closed:
            raise session_unknown()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        await self._letters.put((work, future))
        return await future

    async def aclose(self) -> None:
        """Stop reading; what waits is refused. Idempotent."""
        self._closed = True
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        while not self._letters.empty():
            _, future = self._letters.get_nowait()
            if not future.done():
                future.set_exception(session_unknown())

    async def _read(self) -> None:
        while True:
            work, future = await self._letters.get()
            try:
                result = await work()
            except asyncio.CancelledError:
                if not future.done():
                    future.set_exception(session_unknown())
                raise
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(result)
