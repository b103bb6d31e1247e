"""Packages made and verified for the HTTP edge: one at a time, off the event loop, in a folder of their own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inspection.domain.errors import InspectionError, Kind
from inspection.domain.verification import Verdict
from inspection.domain.verification_package import Asked
from inspection.services.media_ledger import MediaLedger
from inspection.store.evidence_files import storage_error
from inspection.store.package_export import Exported
from inspection.store.package_files import verify_file
from web.frame_check import FrameCheck
from web.package_making import PackageMaker

MOST_WAITING = 4
#: Live calls go first.
NICENESS = 10


@dataclass(slots=True)
class Packages:
    """Bounded: one export at a time, at most four wait, the next is refused (`busy`)."""

    maker: PackageMaker
    media_ledger: MediaLedger
    scratch: Path
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _waiting: int = 0

    @asynccontextmanager
    async def export(self, inspection_id: str) -> AsyncIterator[Exported]:
        """A finished package; its file is gone when the context ends. Raises `busy`, `storage_full` and the like."""
        async with self._turn_or_busy():
            folder = await asyncio.to_thread(self._make_folder)
            with folder:
                yield await self._export(inspection_id, Path(folder.name) / "package.zip")

    async def verify(self, inspection_id: str) -> tuple[Exported, Verdict]:
        """Exports and verifies what a stranger would get. The verdict is the command line's."""
        async with self.export(inspection_id) as exported:
            return exported, await asyncio.to_thread(_verify, exported.path, self.maker.office.signer.public_key())

    async def _export(self, inspection_id: str, out: Path) -> Exported:
        await self.media_ledger.settled()
        return await self.maker.make(inspection_id, out)

    def _make_folder(self) -> tempfile.TemporaryDirectory[str]:
        try:
            self.scratch.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryDirectory(dir=self.scratch)
        except OSError as error:
            raise storage_error(error, "package") from error

    @asynccontextmanager
    async def _turn_or_busy(self) -> AsyncIterator[None]:
        if self._waiting >= MOST_WAITING:
            raise InspectionError(Kind.UNAVAILABLE, "busy", "too many packages at once", retry_after_s=10)
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1


def _verify(path: Path, trusted_key: bytes) -> Verdict:
    with FrameCheck(processes=1, niceness=NICENESS) as count_frames:
        return verify_file(path, asked=Asked(trusted_keys=(trusted_key,), count_frames=count_frames))
