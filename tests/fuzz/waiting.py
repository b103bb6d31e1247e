"""Waiting for something to become so, with an end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool]], deadline_s: float = 10.0, step_s: float = 0.02) -> None:
    """Raises TimeoutError where it does not become so."""
    async with asyncio.timeout(deadline_s):
        while True:
            if await holds():
                return
            await asyncio.sleep(step_s)
