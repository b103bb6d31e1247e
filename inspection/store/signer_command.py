"""The ledger's key in somebody else's hands: a long-lived child process that signs, such as an HSM's client.

Line protocol over its standard input and output, ASCII, one answer for each request, in order:
`public_key` → 64 hexadecimal digits; the message in hexadecimal digits → the Ed25519 signature, 128 of them.
Anything else, silence beyond the time limit, or a signature that does not fit ends the child, and nothing is signed;
the next request starts a new one. The child has to end when its input ends.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from inspection.domain.errors import InspectionError, Kind
from inspection.store.signer import verify_ed25519

TIMEOUT_S = 5.0
#: A child that failed is not started again sooner: a missing device must not make a process for each act.
PAUSE_S = 1.0
PUBLIC_KEY_REQUEST = b"public_key"
_MOST_ANSWER_BYTES = 256
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64
_END_S = 2.0


class CommandSigner:
    """Asks one child, one request at a time, from any thread. `close()` when done."""

    def __init__(
        self,
        arguments: Sequence[str],
        timeout_s: float = TIMEOUT_S,
        pause_s: float = PAUSE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arguments = tuple(arguments)
        self._timeout_s = timeout_s
        self._pause_s = pause_s
        self._now_s = now_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._public_key: bytes | None = None
        self._rests_until_s = now_s()

    @property
    def is_slow(self) -> bool:
        """It waits for the child."""
        return True

    def public_key(self) -> bytes:
        """The raw public key, 32 bytes; the child is asked once. Raises `signer_unavailable`."""
        if self._public_key is not None:
            return self._public_key  # the event loop asks for it and must not wait for a signature that is under way
        with self._lock:
            self._public_key = self._ask(PUBLIC_KEY_REQUEST, _KEY_BYTES)
            return self._public_key

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes, which fits the public key. Raises `signer_unavailable`."""
        public_key = self.public_key()
        with self._lock:
            signature = self._ask(message.hex().encode("ascii"), _SIGNATURE_BYTES)
            if not verify_ed25519(public_key, signature, message):
                raise self._failed("gave a signature that does not fit")
            return signature

    def close(self) -> None:
        """Ends the child. Idempotent."""
        with self._lock:
            self._end_child()

    def _ask(self, request: bytes, answer_bytes: int) -> bytes:
        try:
            child = self._running()
            assert child.stdin is not None
            child.stdin.write(request + b"\n")
            return bytes.fromhex(self._read_line(child, 2 * answer_bytes).decode("ascii"))
        except (OSError, ValueError) as error:
            raise self._failed(f"{type(error).__name__}: {error}") from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end_child()
        if self._now_s() < self._rests_until_s:
            raise OSError("failed a moment ago")
        self._child = subprocess.Popen(
            self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        return self._child

    def _read_line(self, child: subprocess.Popen[bytes], characters: int) -> bytes:
        """The next line, of exactly so many characters. Raises OSError or ValueError."""
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
        line = found[:-1].removesuffix(b"\r")
        if len(line) != characters:
            raise ValueError(f"answered with {len(line)} characters instead of {characters}")
        return line

    def _failed(self, why: str) -> InspectionError:
        self._end_child()
        self._rests_until_s = self._now_s() + self._pause_s
        return InspectionError(Kind.UNAVAILABLE, "signer_unavailable", f"the signing command {why}", retry_after_s=2)

    def _end_child(self) -> None:
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
