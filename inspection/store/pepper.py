"""The server's pepper: the key of every keyed hash, in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

PEPPER_BYTES = 32


def load_or_create_pepper(path: Path) -> bytes:
    """The 32 bytes of the file, made on first use. ValueError where the file holds anything else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _checked(path.read_bytes())
    with os.fdopen(file, "wb") as stream:
        stream.write(secrets.token_bytes(PEPPER_BYTES))
        stream.flush()
        os.fsync(stream.fileno())
    return _checked(path.read_bytes())


def _checked(pepper: bytes) -> bytes:
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"the pepper file needs {PEPPER_BYTES} bytes")
    return pepper
