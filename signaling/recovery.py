"""After a crash: bytes of journals that no entry attests become `recovered` entries, torn tails are named and cut."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import Entry, EntryDraft
from inspection.domain.errors import InspectionError
from inspection.services import audit
from inspection.services.media_ledger import MediaLedger
from inspection.services.ports import Office
from media.journal import JournalError, JournalHeader, Recovery, cut_torn_tail, scan
from signaling.bridge import segment_payload

_log = logging.getLogger(__name__)

ATTESTING = ("segment", "recovered")
NOT_ATTESTED_LIVE = "not attested live"


@dataclass(slots=True)
class Attested:
    """How far the ledger vouches for a journal."""

    length: int = 0
    segments: int = 0
    is_named: bool = False
    """Whether a `track` entry names it."""


@dataclass(slots=True)
class Known:
    """What one inspection's ledger says of its files: journals by track id, pictures by their path."""

    journals: dict[str, Attested] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)


class JournalRecovery:
    """Compares files with the ledger. Reads whole journals, off the loop."""

    def __init__(self, office: Office, ledger: MediaLedger, evidence_root: Path) -> None:
        self._office = office
        self._ledger = ledger
        self._root = evidence_root

    async def recover_session(self, inspection_id: str, session_id: str) -> None:
        """The journals that are there when this is called, which nobody writes any more; later ones are left alone."""
        paths = sorted((self._root / inspection_id / session_id / "journal").glob("*.ytj"))
        if paths:
            await self._ledger.settled()
            await self._recover_journals(inspection_id, paths, await self._known(inspection_id))

    async def recover_all(self) -> None:
        """At the server's start, before anybody writes. One inspection's trouble does not keep the office closed."""
        folders = await asyncio.to_thread(lambda: sorted(self._root.glob("*/")))
        for folder in folders:
            try:
                await self._recover_inspection(folder)
            except (InspectionError, OSError):
                _log.exception("files of inspection %s are left as they are", folder.name)

    async def _recover_inspection(self, folder: Path) -> None:
        paths = await asyncio.to_thread(lambda: sorted(folder.glob("*/journal/*.ytj")))
        pictures = await asyncio.to_thread(lambda: [*folder.glob("*/stills/*.jpg"), *folder.glob("rectifications/*.*")])
        if paths or pictures:
            known = await self._known(folder.name)
            await self._recover_journals(folder.name, paths, known)
            unnamed = [path for path in pictures if path.relative_to(folder).as_posix() not in known.pictures]
            await asyncio.to_thread(_take_back, unnamed)

    async def _recover_journals(self, inspection_id: str, paths: list[Path], known: Known) -> None:
        for path in paths:
            attested = known.journals.get(path.stem, Attested())
            if path.stat().st_size > attested.length:
                await self._recover(inspection_id, path.parents[1].name, path, attested)

    async def _recover(self, inspection_id: str, session_id: str, path: Path, known: Attested) -> None:
        try:
            found = await asyncio.to_thread(scan, path, known.length, known.segments)
        except JournalError:
            await self._name_torn(inspection_id, session_id, path, known.length)
            return
        if not known.is_named:
            self._ledger.offer(inspection_id, _track(session_id, path, found.header))
        self._offer(inspection_id, path, found)
        if found.torn_bytes:
            await self._cut(inspection_id, session_id, path, found.whole_bytes, found.torn_bytes)

    def _offer(self, inspection_id: str, path: Path, found: Recovery) -> None:
        for segment in found.segments:
            payload = segment_payload(segment) | {"note": NOT_ATTESTED_LIVE}
            self._ledger.offer(inspection_id, EntryDraft("recovered", SYSTEM, path.stem, payload))
        _log.warning(
            "journal %s: %d segments recovered, %d bytes torn", path.stem, len(found.segments), found.torn_bytes
        )

    async def _name_torn(self, inspection_id: str, session_id: str, path: Path, whole: int) -> None:
        """Not even the header is whole, so the file says nothing: it is emptied and named."""
        torn = path.stat().st_size - whole
        await self._cut(inspection_id, session_id, path, whole, torn)
        _log.warning("journal %s: %d bytes torn, nothing to recover", path.stem, torn)

    async def _cut(self, inspection_id: str, session_id: str, path: Path, whole: int, torn: int) -> None:
        """The entry first: after a crash in between the same bytes are named again, and none go unnamed."""
        if self._ledger.offer(inspection_id, _torn(session_id, path.stem, whole, torn)):
            await self._ledger.settled()
            await asyncio.to_thread(cut_torn_tail, path, whole)

    async def _known(self, inspection_id: str) -> Known:
        known = Known()
        after_seq = 0
        while True:
            page = await audit.entries(self._office, SYSTEM, inspection_id, after_seq, 1000)
            for entry in page.entries:
                _count(known, entry)
            if not page.entries:
                return known
            after_seq = page.entries[-1].seq


def _count(known: Known, entry: Entry) -> None:
    payload: dict[str, Any] = entry.payload
    if entry.kind == "track":
        known.journals.setdefault(payload["track_id"], Attested()).is_named = True
    elif entry.kind in ATTESTING:
        attested = known.journals.setdefault(payload["track_id"], Attested())
        attested.length = payload["offset"] + payload["length"]
        attested.segments = payload["index"] + 1
    elif entry.kind in ("still", "rectification") and payload.get("file"):
        known.pictures.add(payload["file"])


def _take_back(pictures: list[Path]) -> None:
    """Written whole, but the server died before their entry: nobody was told that they are kept."""
    for path in pictures:
        path.unlink()
        _log.warning("picture %s never came on record and is taken back", path.name)


def _track(session_id: str, path: Path, header: JournalHeader) -> EntryDraft:
    payload = {
        "session_id": session_id,
        "track_id": path.stem,
        "participant_id": header.participant_id,
        "role": header.role,
        "kind": header.kind,
        "codec": header.codec,
        "clock_rate": header.clock_rate,
        "journal": f"journal/{path.name}",
    }
    return EntryDraft("track", SYSTEM, path.stem, payload)


def _torn(session_id: str, track_id: str, offset: int, torn_bytes: int) -> EntryDraft:
    payload = {"session_id": session_id, "track_id": track_id, "offset": offset, "bytes": torn_bytes}
    return EntryDraft("torn", SYSTEM, track_id, payload)
