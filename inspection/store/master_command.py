"""The master key in somebody else's hands: a child process that wraps and unwraps data keys, such as a KMS's client.

Line protocol, ASCII, one answer in hexadecimal digits for each line: `id` → 8 bytes that name the key; `wrap A K` → the
data key K (32 bytes) wrapped with the associated data A; `unwrap A W` → the data key again. A and W are hexadecimal.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from inspection.store.line_child import TIMEOUT_S, LineChild
from inspection.store.sealing import KEY_BYTES

_ID_BYTES = 8
_MOST_WRAPPED_BYTES = 256


class CommandMasterKey:
    """Asks one child, one request at a time, from any thread. `close()` when done."""

    def __init__(self, arguments: Sequence[str], timeout_s: float = TIMEOUT_S) -> None:
        self._child = LineChild(arguments, "the master key's command", "master_key_unavailable", timeout_s)
        self._lock = threading.Lock()
        self._id: str | None = None

    @property
    def id(self) -> str:
        """16 hexadecimal digits, asked for once. Raises `master_key_unavailable`."""
        if self._id is None:
            self._id = self._ask(b"id", _ID_BYTES).hex()
        return self._id

    @property
    def is_slow(self) -> bool:
        """It waits for the child."""
        return True

    def wrap(self, data_key: bytes, about: bytes) -> bytes:
        """The wrapped key. Raises `master_key_unavailable`."""
        return self._ask(f"wrap {about.hex()} {data_key.hex()}".encode("ascii"), None)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The data key. Raises `master_key_unavailable`."""
        return self._ask(f"unwrap {about.hex()} {wrapped.hex()}".encode("ascii"), KEY_BYTES)

    def close(self) -> None:
        """Ends the child. Idempotent."""
        with self._lock:
            self._child.close()

    def _ask(self, request: bytes, answer_bytes: int | None) -> bytes:
        with self._lock:
            answer = self._child.ask(request)
            wrong = not 0 < len(answer) <= _MOST_WRAPPED_BYTES if answer_bytes is None else len(answer) != answer_bytes
            if wrong:
                raise self._child.failed(f"answered with {len(answer)} bytes")
            return answer
