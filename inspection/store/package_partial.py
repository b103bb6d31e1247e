"""A package that is being written beside its place, so that an export that was interrupted can go on.

`.NAME.part` holds the members so far, `.NAME.part.json` says which are whole. Both are synced from time to time. What a
later run finds is read again and only kept where it is what was noted; from the first difference on it is written anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedRandom
from pathlib import Path
from typing import Any, BinaryIO

from inspection.domain.errors import InspectionError, Kind
from inspection.domain.package_manifest import REPORT, Member
from inspection.store.package_zip_writer import PlainZipWriter

#: What was written since the last note is at most so much, and a member.
NOTE_BYTES = 8 * 1024 * 1024
#: Made anew each time, never twice the same: what is there already is as good.
_MADE_ANEW = (REPORT, "stills_c2pa/")


class Beginning(StrEnum):
    """How an export began."""

    NEW = "new"
    #: What an interrupted export had written is kept.
    RESUMED = "resumed"
    #: There was something of another state of the record, or damaged: thrown away.
    ANEW = "anew"


@dataclass(frozen=True, slots=True)
class _Noted:
    name: str
    size_bytes: int
    crc32: int
    sha256: str


class ResumingWriter(PlainZipWriter):
    """Writes members, or keeps those that are there already in the same order."""

    def __init__(self, stream: BinaryIO, notes: Path, key: str, created_at: str) -> None:
        super().__init__(stream)
        self._notes = notes
        self._key = key
        self._since_note = 0
        self._noted: list[_Noted] = []
        self._there = _read_notes(notes, key)
        is_resumed = bool(self._there)
        self.created_at = str(_read_json(notes)["created_at"]) if is_resumed else created_at
        has_rest = os.fstat(stream.fileno()).st_size > 0
        self.beginning = Beginning.RESUMED if is_resumed else Beginning.ANEW if has_rest else Beginning.NEW
        self.kept_members = 0
        stream.seek(0)
        if not is_resumed:
            stream.truncate()

    def add(self, name: str, size_bytes: int, chunks: Iterable[bytes]) -> Member:
        """As `PlainZipWriter.add`; a member that is there already is not read from its source again."""
        if self._there:
            noted = self._there.pop(0)
            fits = noted.name == name and (noted.size_bytes == size_bytes or name.startswith(_MADE_ANEW))
            kept = self.keep(noted.name, noted.size_bytes, noted.crc32, noted.sha256) if fits else None
            if kept is not None:
                self.kept_members += 1
                self._noted.append(noted)
                return kept
            self._there.clear()
        self._stream.truncate()
        member = super().add(name, size_bytes, chunks)
        self._note(_Noted(name, size_bytes, self.last_crc32, member.sha256))
        return member

    def _note(self, noted: _Noted) -> None:
        self._noted.append(noted)
        self._since_note += noted.size_bytes
        if self._since_note >= NOTE_BYTES:
            self._stream.flush()
            os.fsync(self._stream.fileno())
            said = {"key": self._key, "created_at": self.created_at, "members": [_row(one) for one in self._noted]}
            new = self._notes.with_suffix(".new")
            new.write_text(json.dumps(said), "ascii")
            new.replace(self._notes)
            self._since_note = 0


@contextmanager
def open_partial(out: Path, key: str, created_at: str) -> Iterator[tuple[BufferedRandom, ResumingWriter]]:
    """The unfinished package of `out`; `key` stands for what is to be written. Put in its place by `settle`.

    Raises `busy` where another process writes it, or has just finished it.
    """
    part, notes = out.with_name(f".{out.name}.part"), out.with_name(f".{out.name}.part.json")
    with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _busy(out) from error
        if not _is_at(stream, part):
            raise _busy(out)
        yield stream, ResumingWriter(stream, notes, key, created_at)


def _is_at(stream: BinaryIO, path: Path) -> bool:
    """Not where the file was put in its place between opening and locking: then it is a whole package."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _busy(out: Path) -> InspectionError:
    return InspectionError(Kind.UNAVAILABLE, "busy", f"{out} is being written by another export", retry_after_s=10)


def settle(out: Path) -> None:
    """The finished package takes its place."""
    out.with_name(f".{out.name}.part").replace(out)
    out.with_name(f".{out.name}.part.json").unlink(missing_ok=True)


def partial_key(*parts: bytes) -> str:
    """What stands for a package: the same parts, the same package."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()


def _read_notes(notes: Path, key: str) -> list[_Noted]:
    said = _read_json(notes)
    if said.get("key") != key:
        return []
    try:
        return [_Noted(str(name), int(size), int(crc32), str(sha256)) for name, size, crc32, sha256 in said["members"]]
    except (KeyError, TypeError, ValueError):
        return []


def _read_json(notes: Path) -> dict[str, Any]:
    try:
        said = json.loads(notes.read_text("ascii"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _row(noted: _Noted) -> list[Any]:
    return [noted.name, noted.size_bytes, noted.crc32, noted.sha256]
