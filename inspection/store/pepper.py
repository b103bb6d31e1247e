"""The server's pepper: the key of every keyed hash, in a file that only its owner reads."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from inspection.store.durable_files import write_once

PEPPER_BYTES = 32


def load_or_create_pepper(path: Path) -> bytes:
    """The 32 bytes of the file, made on first use. ValueError where the file holds anything else."""
    if not path.exists():
        with suppress(FileExistsError):  # another process made it just now
            write_once(path, secrets.token_bytes(PEPPER_BYTES))
    return _checked(path.read_bytes())


def _checked(pepper: bytes) -> bytes:
    if len(pepper) != PEPPER_BYTES:
        raise ValueError(f"the pepper file needs {PEPPER_BYTES} bytes")
    return pepper
