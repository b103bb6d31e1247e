"""The ledger's key in somebody else's hands: a long-lived child process that signs, such as an HSM's client.

Line protocol over its standard input and output, ASCII, one answer for each request, in order:
`public_key` → 64 hexadecimal digits; the message in hexadecimal digits → the Ed25519 signature, 128 of them.
Anything else, silence beyond the time limit, or a signature that does not fit ends the child, and nothing is signed;
the next request starts a new one. The child has to end when its input ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from inspection.store.line_child import PAUSE_S, TIMEOUT_S, LineChild
from inspection.store.signer import verify_ed25519

PUBLIC_KEY_REQUEST = b"public_key"
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64


class CommandSigner:
    """Asks one child, one request at a time, from any thread. `close()` when done."""

    def __init__(
        self,
        arguments: Sequence[str],
        timeout_s: float = TIMEOUT_S,
        pause_s: float = PAUSE_S,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._child = LineChild(arguments, "the signing command", "signer_unavailable", timeout_s, pause_s, now_s)
        self._lock = threading.Lock()
        self._public_key: bytes | None = None

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
                raise self._child.failed("gave a signature that does not fit")
            return signature

    def close(self) -> None:
        """Ends the child. Idempotent."""
        with self._lock:
            self._child.close()

    def _ask(self, request: bytes, answer_bytes: int) -> bytes:
        answer = self._child.ask(request)
        if len(answer) != answer_bytes:
            raise self._child.failed(f"answered with {len(answer)} bytes instead of {answer_bytes}")
        return answer
