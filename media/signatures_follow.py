"""Counts the page-signed frames of one journal while it grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from media.depacketise import FrameAssembler
from media.frame_signatures_check import PageKeys, TrackCheck
from media.journal.format import RTP, Record
from media.journal.reader import JournalTail, read_header
from media.signatures_port import SignaturesCounted


class SignedTrackFollower:
    """Reads on from where it stopped. One thread. Raises JournalError, OSError where the journal cannot be read."""

    def __init__(self, journal_path: Path) -> None:
        self._assembler = FrameAssembler(read_header(journal_path).codec)
        self._tail = JournalTail(journal_path)
        self._check = TrackCheck()

    def advance(self, public_keys: Sequence[bytes], upto_bytes: int | None) -> None:
        """Everything up to that byte; with None up to the last whole record."""
        keys = PageKeys(public_keys)
        for record in self._records(upto_bytes):
            if record.kind == RTP:
                self._check.take(self._assembler.feed(record.payload, record.arrival_us), keys)

    def finish(self, public_keys: Sequence[bytes]) -> None:
        """The journal does not grow any more."""
        self._check.take(self._assembler.flush(), PageKeys(public_keys))
        self._check.count.finish()

    def counted(self, from_index: int) -> SignaturesCounted | None:
        """Of what is decided by now; None where that does not reach as far."""
        to_index = self._check.count.decided - 1
        if to_index < from_index:
            return None
        facts = self._check.count.facts(from_index, to_index)
        return SignaturesCounted(from_index, to_index, **asdict(facts))

    def close(self) -> None:
        """Idempotent."""
        self._tail.close()

    def _records(self, upto_bytes: int | None) -> Iterator[Record]:
        while upto_bytes is None or self._tail.offset < upto_bytes:
            begins, records = self._tail.offset, self._tail.read()
            within = [record for record in records if upto_bytes is None or record.end <= upto_bytes]
            if len(within) < len(records):
                self._tail.offset = within[-1].end if within else begins
            yield from within
            if not within:
                return
