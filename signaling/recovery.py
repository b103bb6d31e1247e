"""After a crash: bytes of journals that no entry attests become `recovered` entries, torn tails are named and cut."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from inspection.domain.actor import SYSTEM
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError
from inspection.domain.instants import parse_rfc3339, to_unix_us
from inspection.domain.sessions import Session, SessionState
from inspection.services import audit, sessions
from inspection.services.media_ledger import MediaLedger
from inspection.services.ports import Office
from media.journal import JournalError, JournalHeader, Recovery, cut_torn_tail, scan
from signaling.bridge import segment_payload
from signaling.ledger_reading import Attested, Known

_log = logging.getLogger(__name__)

NOT_ATTESTED_LIVE = "not attested live"
#: A picture that came in while the last start was looking is looked at again.
PICTURES_AGAIN_S = 60.0
SETTLE_DEADLINE_S = 30.0


@dataclass(frozen=True, slots=True)
class CutOff:
    """A session that a restart cut off, and the last moment that is recorded (unix microseconds)."""

    inspection_id: str
    session_id: str
    since_us: int


class JournalRecovery:
    """Compares files with the ledger. Reads whole journals, off the loop; one session at a time."""

    def __init__(self, office: Office, ledger: MediaLedger, evidence_root: Path) -> None:
        self._office = office
        self._ledger = ledger
        self._root = evidence_root
        self._turn = asyncio.Lock()

    async def recover_session(self, inspection_id: str, session_id: str) -> int | None:
        """The journals that are there when this is called, which nobody writes any more; later ones are left alone.

        Returns how far they reach, in unix microseconds.
        """
        paths = self._journals(inspection_id, session_id)
        if not paths:
            return None
        async with self._turn:
            await self._ledger.settled()
            known = await self._known(inspection_id)
            await self._recover_journals(inspection_id, paths, known)
        return _until_us(known, session_id)

    async def recover_all(self) -> list[CutOff]:
        """At the server's start, before anybody writes: of all sessions only those that are not settled.

        Returns those that go on. One inspection's trouble does not keep the office closed.
        """
        began_s = await asyncio.to_thread(self._begin_pictures)
        cut_off: list[CutOff] = []
        unsettled = sorted(await sessions.list_unsettled(self._office), key=lambda one: one.inspection_id)
        for inspection_id, group in groupby(unsettled, key=lambda one: one.inspection_id):
            try:
                cut_off += await self._recover_inspection(inspection_id, list(group))
            except (InspectionError, OSError):
                _log.exception("files of inspection %s are left as they are", inspection_id)
        await self._take_back_uploads(began_s)
        return cut_off

    async def settle(self, inspection_id: str, session_id: str) -> None:
        """After a session's end: where the ledger speaks of every byte, no later start looks at it again.

        What cannot be settled now is looked at by the next start.
        """
        try:
            async with asyncio.timeout(SETTLE_DEADLINE_S), self._turn:
                await self._ledger.settled()
                known = await self._known(inspection_id)
                if await asyncio.to_thread(self._is_settled, inspection_id, session_id, known):
                    await sessions.settle(self._office, session_id)
        except (TimeoutError, InspectionError, OSError) as error:
            _log.warning("session %s is not settled yet: %s", session_id, type(error).__name__)

    async def _recover_inspection(self, inspection_id: str, unsettled: Sequence[Session]) -> list[CutOff]:
        known = await self._known(inspection_id)
        for session in unsettled:
            await self._recover_journals(inspection_id, self._journals(inspection_id, session.id), known)
            await self._take_back_stills(inspection_id, session.id, known)
            self._close_declared(inspection_id, session.id, known)
        for session in unsettled:
            if session.state is SessionState.ENDED:
                await self.settle(inspection_id, session.id)
        live = [session for session in unsettled if session.state is SessionState.LIVE]
        reach = [(session.id, _until_us(known, session.id)) for session in live]
        return [CutOff(inspection_id, session_id, since_us) for session_id, since_us in reach if since_us is not None]

    def _journals(self, inspection_id: str, session_id: str) -> list[Path]:
        return sorted((self._root / inspection_id / session_id / "journal").glob("*.ytj"))

    def _is_settled(self, inspection_id: str, session_id: str, known: Known) -> bool:
        stills = (self._root / inspection_id / session_id / "stills").glob("*.jpg")
        return all(
            known.journals.get(path.stem, Attested()).explains(path.stat().st_size)
            for path in self._journals(inspection_id, session_id)
        ) and all(self._named(inspection_id, path) in known.pictures for path in stills)

    async def _recover_journals(self, inspection_id: str, paths: list[Path], known: Known) -> None:
        for path in paths:
            attested, size_bytes = known.journal(path.stem), path.stat().st_size
            if not size_bytes and not attested.is_named:
                path.unlink()  # made, and the power went before its first byte: nothing is lost with it
            elif size_bytes > attested.length and not attested.explains(size_bytes):
                await self._recover(inspection_id, path.parents[1].name, path, known)

    async def _recover(self, inspection_id: str, session_id: str, path: Path, known: Known) -> None:
        attested = known.journal(path.stem)
        try:
            found = await asyncio.to_thread(scan, path, attested.length, attested.segments)
        except JournalError as error:
            self._keep_unreadable(inspection_id, session_id, path, attested, error)
            return
        if not attested.is_named:
            self._ledger.offer(inspection_id, _track(session_id, path, found.header))
        self._offer(inspection_id, path, found, known)
        if found.torn_bytes:
            await self._cut(inspection_id, session_id, path, found.whole_bytes, found.torn_bytes)

    def _offer(self, inspection_id: str, path: Path, found: Recovery, known: Known) -> None:
        for segment in found.segments:
            payload = segment_payload(segment) | {"note": NOT_ATTESTED_LIVE}
            self._ledger.offer(inspection_id, EntryDraft("recovered", SYSTEM, path.stem, payload))
            known.note_recorded(segment.session_id, payload["ended_at"])
        _log.warning(
            "journal %s: %d segments recovered, %d bytes torn", path.stem, len(found.segments), found.torn_bytes
        )

    def _keep_unreadable(
        self, inspection_id: str, session_id: str, path: Path, attested: Attested, error: JournalError
    ) -> None:
        """Its header is damaged, or the attested bytes are: what follows them cannot be read, and is kept and named."""
        unread = path.stat().st_size - attested.length
        self._ledger.offer(inspection_id, _torn(session_id, path.stem, attested.length, unread, kept=True))
        _log.error("journal %s: %d bytes cannot be read and are kept: %s", path.stem, unread, error)

    async def _cut(self, inspection_id: str, session_id: str, path: Path, whole: int, torn: int) -> None:
        """The entry first: after a crash in between the same bytes are named again, and none go unnamed."""
        if self._ledger.offer(inspection_id, _torn(session_id, path.stem, whole, torn)):
            await self._ledger.settled()
            await asyncio.to_thread(cut_torn_tail, path, whole)

    def _close_declared(self, inspection_id: str, session_id: str, known: Known) -> None:
        """What a page had declared ended, for all that is known, with the last recorded moment."""
        until = known.recorded_until.get(session_id, "")
        for (of_session, actor_id, cause), since in list(known.declared.items()):
            if of_session == session_id:
                gap = {
                    "session_id": session_id, "participant_id": known.participants.get((session_id, actor_id), ""),
                    "cause": cause, "started_at": since, "ended_at": max(since, until), "packets": 0,
                }  # fmt: skip
                self._ledger.offer(inspection_id, EntryDraft("gap", SYSTEM, session_id, gap))

    async def _known(self, inspection_id: str) -> Known:
        known = Known()
        after_seq = 0
        while True:
            page = await audit.entries(self._office, SYSTEM, inspection_id, after_seq, 1000)
            for entry in page.entries:
                known.take(entry)
            if not page.entries:
                return known
            after_seq = page.entries[-1].seq

    # pictures

    async def _take_back_stills(self, inspection_id: str, session_id: str, known: Known) -> None:
        stills = (self._root / inspection_id / session_id / "stills").glob("*.jpg")
        unnamed = [path for path in stills if self._named(inspection_id, path) not in known.pictures]
        await asyncio.to_thread(_take_back, unnamed)

    def _begin_pictures(self) -> float:
        """Since when uploaded pictures were not looked at: the mark that the last start left."""
        self._root.mkdir(parents=True, exist_ok=True)
        mark = self._root / ".pictures-looked-at"
        before_s = mark.stat().st_mtime if mark.exists() else 0.0
        mark.touch()
        return before_s - PICTURES_AGAIN_S

    async def _take_back_uploads(self, since_s: float) -> None:
        """Uploads belong to no session. A folder that nobody wrote to since the last start holds nothing new."""
        folders = await asyncio.to_thread(lambda: list(self._root.glob("*/rectifications")))
        for folder in [folder for folder in folders if folder.stat().st_mtime >= since_s]:
            try:
                known = await self._known(folder.parent.name)
                unnamed = [
                    path for path in folder.glob("*.*") if self._named(folder.parent.name, path) not in known.pictures
                ]
                await asyncio.to_thread(_take_back, unnamed)
            except (InspectionError, OSError):
                _log.exception("pictures of inspection %s are left as they are", folder.parent.name)

    def _named(self, inspection_id: str, path: Path) -> str:
        return path.relative_to(self._root / inspection_id).as_posix()


def _until_us(known: Known, session_id: str) -> int | None:
    until = known.find_reach(session_id)
    return to_unix_us(parse_rfc3339(until)) if until is not None else None


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


def _torn(session_id: str, track_id: str, offset: int, torn_bytes: int, *, kept: bool = False) -> EntryDraft:
    payload = {"session_id": session_id, "track_id": track_id, "offset": offset, "bytes": torn_bytes}
    return EntryDraft("torn", SYSTEM, track_id, payload | ({"kept": True} if kept else {}))
