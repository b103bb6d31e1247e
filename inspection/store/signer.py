"""The ledger's Ed25519 key in a file: made once, readable by its owner alone."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from inspection.store.durable_files import write_once

_PRIME = 2**255 - 19
_EIGHTH = int("05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826", 16)
#: y of the points of small order, and none beyond the prime: OpenSSL takes them all as keys (RFC 8032, 5.1.7).
_SMALL_ORDER_Y = frozenset((0, 1, _PRIME - 1, _EIGHTH, _PRIME - _EIGHTH))


class SignerKeyError(Exception):
    """The key is damaged, open to others, or not the one in use; nothing is signed with it."""


class FileSigner:
    """Signs with a raw private key of 32 bytes."""

    def __init__(self, private_key: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private_key)

    @property
    def is_slow(self) -> bool:
        """Some 50 µs a signature."""
        return False

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(message)

    def public_key(self) -> bytes:
        """The raw public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()


def load_or_create_signer(path: Path) -> FileSigner:
    """The signer of `path` (mode 0600), which is made, durably, where there is none yet.

    Raises SignerKeyError where the file is not 32 bytes or others may read it: a lost key is never replaced
    in silence, since the chains signed with it would then seem to be somebody else's.
    """
    try:
        _create(path)
    except FileExistsError:
        pass  # made earlier, or by another process just now
    return load_signer(path)


def load_signer(path: Path) -> FileSigner:
    """The signer of a file that is there. Raises SignerKeyError, OSError."""
    return FileSigner(_read(path))


def verify_ed25519(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the signature fits; False for anything malformed, and under a key for which anything may fit."""
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= _PRIME or y in _SMALL_ORDER_Y:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _create(path: Path) -> None:
    if path.exists():
        raise FileExistsError(path)
    write_once(path, Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def _read(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise SignerKeyError(f"{path} may be read by others; it must have mode 0600")
    raw = path.read_bytes()
    if len(raw) != 32:
        raise SignerKeyError(f"{path} holds {len(raw)} bytes where a key has 32")
    return raw
