"""A long-lived child process that is asked by lines and answers each with a line: what holds a key that is not ours."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Callable, Sequence

from inspection.domain.errors import InspectionError, Kind

TIMEOUT_S = 5.0
#: A child that failed is not started again sooner: a missing device must not make a process for each act.
PAUSE_S = 1.0
_MOST_ANSWER_BYTES = 1024
_END_S = 2.0


class LineChild:
    """One request at a time: the caller locks. Anything but an answer in time ends the child, and `code` is raised."""

    def __init__(
        self,
        arguments: Sequence[str],
        what: str,
        code: str,
        timeout_s: float = TIMEOUT_S,
        pause_s: float = PAUSE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arguments = tuple(arguments)
        self._what = what
        self._code = code
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._now_s = now_s
        self._child: subprocess.Popen[bytes] | None = None
        self._rests_until_s = now_s()

    def ask(self, request: bytes) -> bytes:
        """The bytes whose hexadecimal digits the child answered. Raises InspectionError (unavailable, `code`)."""
        try:
            child = self._running()
            assert child.stdin is not None
            child.stdin.write(request + b"\n")
            return bytes.fromhex(self._read_line(child).decode("ascii"))
        except (OSError, ValueError) as error:
            raise self.failed(f"{type(error).__name__}: {error}") from error

    def failed(self, why: str) -> InspectionError:
        """Ends the child; the error for the caller to raise."""
        self.close()
        self._rests_until_s = self._now_s() + self._pause_s
        return InspectionError(Kind.UNAVAILABLE, self._code, f"{self._what} {why}", retry_after_s=2)

    def close(self) -> None:
        """Ends the child. Idempotent."""
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            child.wait(_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self.close()
        if self._now_s() < self._rests_until_s:
            raise OSError("failed a moment ago")
        self._child = subprocess.Popen(
            self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        return self._child

    def _read_line(self, child: subprocess.Popen[bytes]) -> bytes:
        assert child.stdout is not None
        descriptor, found, deadline_s = child.stdout.fileno(), b"", self._now_s() + self._timeout_s
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        while not found.endswith(b"\n"):
            left_s = deadline_s - self._now_s()
            if left_s <= 0 or not poll.poll(left_s * 1000):
                raise OSError("gave no answer in time")
            piece = os.read(descriptor, _MOST_ANSWER_BYTES)
            found += piece
            if not piece or len(found) > _MOST_ANSWER_BYTES:
                raise OSError("ended" if not piece else "said too much")
        return found[:-1].removesuffix(b"\r")
