"""Evidence files below `DATA/evidence/<inspection_id>/`: kept whole and durable, or not at all."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from inspection.domain.errors import InspectionError, Kind, not_found
from inspection.services.ports import KeptFile
from inspection.services.stamping_ports import KeptToken
from inspection.store.durable_files import sync_folder

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CHUNK_BYTES = 256 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


class EvidenceFiles:
    """The evidence folder. Below `floor_bytes` of free space nothing more is written, so that the ledger still can."""

    def __init__(self, root: Path, floor_bytes: int) -> None:
        self._root = root
        self._floor_bytes = floor_bytes

    def path(self, inspection_id: str, file: str) -> Path:
        """Where `file` (relative to the inspection's folder) is. Raises not_found for anything but plain names."""
        parts = [inspection_id, *file.split("/")]
        if not all(_PART.fullmatch(part) for part in parts):
            raise not_found("file")
        return self._root.joinpath(*parts)

    def folder(self, inspection_id: str) -> Path:
        """The inspection's folder; it need not be there yet."""
        return self.path(inspection_id, "x").parent

    async def write_rectification(
        self, inspection_id: str, rectification_id: str, extension: str, content: bytes
    ) -> KeptFile:
        """Keeps an uploaded picture as `rectifications/<id>.<extension>`, durable on return.

        Raises `unavailable`: `storage_full`, `storage_busy`; nothing is left behind then.
        """
        file = f"rectifications/{rectification_id}.{extension}"
        await asyncio.to_thread(self._write, self.path(inspection_id, file), content)
        return KeptFile(file, hashlib.sha256(content).hexdigest(), len(content))

    async def write_timestamp(self, inspection_id: str, size: int, authority: int, token: bytes) -> KeptToken:
        """Keeps a token as `timestamps/<size>-<authority>.tst`, durable on return; one without an entry is replaced.

        Raises `unavailable`: `storage_full`, `storage_busy`.
        """
        file = f"timestamps/{size}-{authority}.tst"
        await asyncio.to_thread(self._write, self.path(inspection_id, file), token)
        return KeptToken(file, hashlib.sha256(token).hexdigest())

    async def remove(self, inspection_id: str, file: str) -> None:
        """Takes back a file whose transaction failed; no error where it is not there."""
        path = self.path(inspection_id, file)
        await asyncio.to_thread(path.unlink, missing_ok=True)

    async def erase_media(self, inspection_id: str) -> int:
        """Takes recordings, pictures and films away, derived and unfinished ones too; time stamps stay."""
        return await asyncio.to_thread(self._erase_media, self.folder(inspection_id))

    def has_media(self, inspection_id: str) -> bool:
        """Whether there is any such file."""
        return any(True for _ in _media(self.folder(inspection_id)))

    def find_size(self, inspection_id: str, file: str) -> int | None:
        """The length in bytes; None where there is no such file."""
        path = self.path(inspection_id, file)
        return path.stat().st_size if path.is_file() else None

    def chunks(self, inspection_id: str, file: str, size_bytes: int, offset: int = 0) -> Iterator[bytes]:
        """`size_bytes` of a file from `offset` on, or fewer where it is shorter."""
        left = size_bytes
        with self.path(inspection_id, file).open("rb") as stream:
            stream.seek(offset)
            while left and (chunk := stream.read(min(_CHUNK_BYTES, left))):
                left -= len(chunk)
                yield chunk

    def files(self, inspection_id: str) -> list[str]:
        """All evidence files, sorted; derived and unfinished (hidden) ones are left out."""
        folder = self.folder(inspection_id)
        found = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        return sorted(
            path.as_posix() for path in found if not path.name.startswith(".") and "derived" not in path.parts[:-1]
        )

    def _erase_media(self, folder: Path) -> int:
        try:
            gone = list(_media(folder))
            for path in gone:
                path.unlink()
            for each in {path.parent for path in gone}:
                sync_folder(each)
        except OSError as error:
            raise storage_error(error, "evidence") from error
        return len(gone)

    def _write(self, path: Path, content: bytes) -> None:
        new = path.with_name(f".{path.name}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._require_room(len(content))
            _write_synced(new, content)
            new.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise storage_error(error, "evidence") from error

    def _require_room(self, size_bytes: int) -> None:
        if shutil.disk_usage(self._root).free < self._floor_bytes + size_bytes:
            raise OSError(errno.ENOSPC, "below the floor of free space")


def _media(folder: Path) -> Iterator[Path]:
    tokens = folder / "timestamps"
    return (path for path in folder.rglob("*") if path.is_file() and tokens not in path.parents)


def storage_error(error: OSError, what: str) -> InspectionError:
    """`storage_full` where the volume or the quota is, `storage_busy` else; the edge says it in words."""
    code = "storage_full" if error.errno in _FULL else "storage_busy"
    return InspectionError(Kind.UNAVAILABLE, code, f"{what} cannot be written: {error.strerror}")


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
