"""After a crash: bytes of journals that no entry attests become `recovered` entries, torn tails are cut and named."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import Entry, EntryDraft
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


class JournalRecovery:
    """Compares journals with the ledger. Reads whole files, off the loop."""

    def __init__(self, office: Office, ledger: MediaLedger, evidence_root: Path) -> None:
        self._office = office
        self._ledger = ledger
        self._root = evidence_root

    async def recover_session(self, inspection_id: str, session_id: str) -> None:
        """For a session that nobody records at the moment."""
        await self._ledger.settled()
        folder = self._root / inspection_id / session_id / "journal"
        paths = await asyncio.to_thread(lambda: sorted(folder.glob("*.ytj")))
        if not paths:
            return
        attested = await self._attested(inspection_id)
        for path in paths:
            known = attested.get(path.stem, Attested())
            if path.stat().st_size > known.length:
                await self._recover(inspection_id, session_id, path, known)

    async def recover_all(self) -> None:
        """At the server's start, before anybody records."""
        folders = await asyncio.to_thread(lambda: sorted(self._root.glob("*/*/journal")))
        for folder in folders:
            await self.recover_session(folder.parents[1].name, folder.parent.name)

    async def _recover(self, inspection_id: str, session_id: str, path: Path, known: Attested) -> None:
        try:
            found = await asyncio.to_thread(scan, path, known.length, known.segments)
        except JournalError:
            await self._name_torn(inspection_id, session_id, path, known.length)
            return
        if not known.is_named:
            self._ledger.offer(inspection_id, _track(session_id, path, found.header))
        self._offer(inspection_id, session_id, path, found)
        if found.torn_bytes:
            await asyncio.to_thread(cut_torn_tail, path, found.whole_bytes)

    def _offer(self, inspection_id: str, session_id: str, path: Path, found: Recovery) -> None:
        for segment in found.segments:
            payload = segment_payload(segment) | {"note": NOT_ATTESTED_LIVE}
            self._ledger.offer(inspection_id, EntryDraft("recovered", SYSTEM, path.stem, payload))
        if found.torn_bytes:
            self._ledger.offer(
                inspection_id, _torn(session_id, path.stem, found.whole_bytes, found.torn_bytes)
            )  # fmt: skip
        _log.warning(
            "journal %s: %d segments recovered, %d bytes torn", path.stem, len(found.segments), found.torn_bytes
        )

    async def _name_torn(self, inspection_id: str, session_id: str, path: Path, whole: int) -> None:
        """Not even the header is whole, so the file says nothing: it is emptied and named."""
        torn = path.stat().st_size - whole
        self._ledger.offer(inspection_id, _torn(session_id, path.stem, whole, torn))
        await asyncio.to_thread(cut_torn_tail, path, whole)
        _log.warning("journal %s: %d bytes torn, nothing to recover", path.stem, torn)

    async def _attested(self, inspection_id: str) -> dict[str, Attested]:
        """By track id."""
        attested: dict[str, Attested] = {}
        after_seq = 0
        while True:
            page = await audit.entries(self._office, SYSTEM, inspection_id, after_seq, 1000)
            for entry in page.entries:
                _count(attested, entry)
            if not page.entries:
                return attested
            after_seq = page.entries[-1].seq


def _count(attested: dict[str, Attested], entry: Entry) -> None:
    payload: dict[str, Any] = entry.payload
    if entry.kind == "track":
        attested.setdefault(payload["track_id"], Attested()).is_named = True
    elif entry.kind in ATTESTING:
        known = attested.setdefault(payload["track_id"], Attested())
        known.length = payload["offset"] + payload["length"]
        known.segments = payload["index"] + 1


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
