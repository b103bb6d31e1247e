"""The append-only record of a track: every packet as it arrived."""

from media.journal.config import JournalConfig
from media.journal.disk import JournalDisk
from media.journal.format import RTP, SENDER_REPORT, JournalError, JournalHeader, Record
from media.journal.reader import JournalTail, read_header, read_journal
from media.journal.recovery import Recovery, cut_torn_tail, scan
from media.journal.writer import JournalEnd, JournalListener, JournalResumed, JournalTrouble, JournalWriter

__all__ = [
    "RTP",
    "SENDER_REPORT",
    "JournalConfig",
    "JournalDisk",
    "JournalEnd",
    "JournalError",
    "JournalHeader",
    "JournalListener",
    "JournalResumed",
    "JournalTail",
    "JournalTrouble",
    "JournalWriter",
    "Record",
    "Recovery",
    "cut_torn_tail",
    "read_header",
    "read_journal",
    "scan",
]
