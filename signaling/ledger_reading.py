"""What an inspection's ledger says of its files and of its outages, read from the first entry to the last. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from inspection.domain.entry import Entry

#: Outages that end where media is back: what came after them was recorded.
ABSENCES = ("silent", "reconnect", "restart")
DECLARED = ("muted", "paused")


@dataclass(slots=True)
class Attested:
    """How far the ledger vouches for a journal."""

    length: int = 0
    segments: int = 0
    is_named: bool = False
    """Whether a `track` entry names it."""
    kept: tuple[int, int] | None = None
    """Offset and length of bytes that were named as unreadable and left in place."""

    def explains(self, size_bytes: int) -> bool:
        """Whether the ledger speaks of every byte of a file of that size."""
        return size_bytes == self.length or self.kept == (self.length, size_bytes - self.length)


@dataclass(slots=True)
class Known:
    """Journals by track id, pictures by their path, and per session how far it is recorded and what is declared."""

    journals: dict[str, Attested] = field(default_factory=dict)
    pictures: set[str] = field(default_factory=set)
    recorded_until: dict[str, str] = field(default_factory=dict)
    recording_since: dict[str, str] = field(default_factory=dict)
    declared: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Since when, by session, actor and cause."""
    participants: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """What one entry says."""
        taker = _TAKERS.get(entry.kind)
        if taker is not None:
            taker(self, entry, entry.payload)

    def note_recorded(self, session_id: str, until: str) -> None:
        """Instants of one form: the later is the greater."""
        self.recorded_until[session_id] = max(until, self.recorded_until.get(session_id, ""))

    def find_reach(self, session_id: str) -> str | None:
        """Up to when the session is recorded; where nothing is, when recording was switched on."""
        return self.recorded_until.get(session_id) or self.recording_since.get(session_id)

    def journal(self, track_id: str) -> Attested:
        """Made on first sight."""
        return self.journals.setdefault(track_id, Attested())


def _take_recording(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    if said["on"]:
        known.recording_since.setdefault(said["session_id"], entry.at)


def _take_track(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    known.journal(said["track_id"]).is_named = True


def _take_segment(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    attested = known.journal(said["track_id"])
    attested.length = said["offset"] + said["length"]
    attested.segments = said["index"] + 1
    known.note_recorded(said["session_id"], said["ended_at"])


def _take_torn(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    if said.get("kept"):
        known.journal(said["track_id"]).kept = (said["offset"], said["bytes"])


def _take_picture(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    if said.get("file"):
        known.pictures.add(said["file"])


def _take_presence(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    known.participants[said["session_id"], entry.subject or ""] = said["participant_id"]


def _take_device(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    for cause in DECLARED:
        key = (said["session_id"], entry.actor["id"], cause)
        if said[cause]:
            known.declared.setdefault(key, entry.at)
        else:
            known.declared.pop(key, None)


def _take_gap(known: Known, entry: Entry, said: dict[str, Any]) -> None:
    session_id, cause = said["session_id"], said["cause"]
    if cause in ABSENCES:
        known.note_recorded(session_id, said["ended_at"])
    for key in [key for key in known.declared if key[0] == session_id and key[2] == cause]:
        if known.participants.get(key[:2], "") == said.get("participant_id", ""):
            del known.declared[key]


_TAKERS = {
    "recording": _take_recording,
    "track": _take_track,
    "segment": _take_segment,
    "recovered": _take_segment,
    "torn": _take_torn,
    "still": _take_picture,
    "rectification": _take_picture,
    "presence": _take_presence,
    "device": _take_device,
    "gap": _take_gap,
}
