"""Verifies packages as files. It blocks while the disk works: call it off the event loop."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from inspection.domain.verification import Broken, Code, Problem, State, Unreadable, Verdict
from inspection.domain.verification_package import Asked, container_verdict, verify_members
from inspection.store.package_progress import ByteCount, Progress
from inspection.store.package_zip import open_package, open_plain_zip
from inspection.store.signer import verify_ed25519


def verify_file(
    path: Path,
    trust: bytes | None = None,
    progress: Progress = lambda done, whole: None,
    asked: Asked | None = None,
) -> Verdict:
    """The verdict on a package. Raises nothing of its own.

    `trust` is the raw public key (see `parse_key`), for callers who ask for nothing else in `asked`.
    """
    wanted = asked or Asked(trusted_keys=() if trust is None else (trust,))
    try:
        with open_package(path) as stream:
            count = ByteCount(path.stat().st_size, progress)
            return verify_members(open_plain_zip(stream, count.add, path), verify_ed25519, wanted)
    except Unreadable:
        return Verdict(State.UNREADABLE, None)
    except Broken as broken:
        return container_verdict(broken.problem)
    except OSError as error:
        return container_verdict(Problem(Code.NOT_VERIFIABLE, f"{path.name}: {error.strerror}"))


def parse_key(text: str) -> bytes:
    """A public key from raw base64, hexadecimal, PEM, or the path of a file with one of them. ValueError else."""
    given = text.strip()
    if len(given) < 4096 and "\n" not in given and Path(given).is_file():
        given = Path(given).read_text("ascii").strip()
    if given.startswith("-----BEGIN"):
        return _pem_key(given)
    try:
        raw = bytes.fromhex(given) if len(given) == 64 else base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("neither base64 nor hexadecimal nor PEM") from error
    if len(raw) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    return raw


def _pem_key(given: str) -> bytes:
    try:
        key = load_pem_public_key(given.encode("ascii"))
    except UnsupportedAlgorithm as error:
        raise ValueError("a PEM of another algorithm") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")
    return key.public_bytes_raw()
