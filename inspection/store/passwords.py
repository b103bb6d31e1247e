"""argon2id in a bounded executor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from inspection.domain.errors import InspectionError, Kind

R = TypeVar("R")
_WORKERS, _WAITING = 2, 32


class Argon2Passwords:
    """Hashes off the event loop; at most 32 wait, more are refused (`busy`). `aclose()` when done."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(_WORKERS, thread_name_prefix="argon2")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The hash in PHC form, with its parameters and salt."""
        return await self._run(self._hasher.hash, _bytes(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it fits; an unknown user costs the same work."""
        return await self._run(self._fits, password_hash, password)

    async def aclose(self) -> None:
        """Ends the threads; may be called twice."""
        await asyncio.to_thread(self._threads.shutdown)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("nobody has this password")

    def _fits(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(password_hash or self._nobody, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    async def _run(self, work: Callable[..., R], *arguments: object) -> R:
        if self._waiting >= _WAITING:
            raise InspectionError(Kind.UNAVAILABLE, "busy", "too many sign-ins at once", retry_after_s=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1


def _bytes(password: str) -> bytes:
    """Whatever people type has bytes, lone surrogates too."""
    return password.encode("utf-8", "surrogatepass")
