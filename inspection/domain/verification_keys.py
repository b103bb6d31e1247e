"""The step over `keys.jsonl`: one chain of keys up to the manifest's, and the trusted one among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from inspection.domain.checkpoints import key_id
from inspection.domain.key_history import KeyHistoryError, KeyLine, KeyLineError, check_key_history, parse_key_line
from inspection.domain.package_manifest import KEYS
from inspection.domain.verification import Broken, Code, VerifySignature
from inspection.domain.verification_lines import where_line


class KeyRing:
    """The office's keys in the order in which they took over, raw."""

    def __init__(self, public_keys: Sequence[bytes]) -> None:
        self.public_keys = tuple(public_keys)
        self._by_id = {key_id(key): key for key in self.public_keys}

    def find(self, name: str) -> bytes | None:
        """The key with that short name."""
        return self._by_id.get(name)


def check_keys(lines: Iterable[bytes], newest: bytes, trusted: Collection[bytes], verify: VerifySignature) -> KeyRing:
    """The ring. Raises Broken: `keys_unparsable`, `key_history`, `key_not_trusted`."""
    history: list[KeyLine] = []
    for number, line in enumerate(lines, 1):
        try:
            history.append(parse_key_line(line))
        except KeyLineError as error:
            raise Broken(Code.KEYS_UNPARSABLE, where_line(KEYS, number)) from error
    try:
        check_key_history(history, verify)
    except KeyHistoryError as error:
        raise Broken(Code.KEY_HISTORY, where_line(KEYS, error.n + 1)) from error
    if history[-1].public_key != newest:
        raise Broken(Code.KEY_HISTORY, where_line(KEYS, len(history)))
    ring = KeyRing([line.public_key for line in history])
    if trusted and not set(trusted) & set(ring.public_keys):
        raise Broken(Code.KEY_NOT_TRUSTED, KEYS)
    return ring
