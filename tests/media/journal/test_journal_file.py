"""Segments, digests and what happens when the disk fails, with real files and time in the test's hand."""

from __future__ import annotations

import errno
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from media.journal import JournalError, cut_torn_tail, read_journal, scan
from media.journal.file import JournalFile
from media.journal.writer import Inbox, JournalEnd
from tests.media.clips import Packets, encode_vp8, header_of, tone_packets, video_packets
from tests.media.journal.disks import BadDisk, Told

pytestmark = pytest.mark.integration

FLOOR_BYTES = 1000
PACKETS = video_packets(encode_vp8(range(90)))


class Writing:
    """One journal and the clock of its thread."""

    def __init__(self, folder: Path, kind: str = "video") -> None:
        self.path = folder / "journal" / "t.ytj"
        self.disk = BadDisk()
        self.told = Told()
        self.inbox = Inbox(10**7)
        header = header_of("t", kind)
        self.file = JournalFile(self.path, header, self.inbox, self.told, self.disk, lambda call: call(), FLOOR_BYTES)
        self.now_s = 100.0

    def play(self, packets: Packets, every_s: float = 0.08) -> None:
        """Feed packets at the pace of their arrival."""
        start_us, start_s = packets[0][1], self.now_s
        for packet, arrival_us in packets:
            while start_s + (arrival_us - start_us) / 1e6 > self.now_s + every_s:
                self.step(every_s)
            self.inbox.add(1, arrival_us, packet)
        self.step(every_s)

    def step(self, seconds: float) -> None:
        self.now_s += seconds
        self.file.work(self.now_s)

    def finish(self) -> JournalEnd:
        return self.file.finish(self.now_s)

    def content(self) -> list[tuple[bytes, int]]:
        return [(record.payload, record.arrival_us) for record in read_journal(self.path)]


def assert_segments_hold(writing: Writing, end: JournalEnd) -> None:
    """Every byte is in one segment, digests are right, none is longer than a second."""
    data = writing.path.read_bytes()
    segments = writing.told.segments
    assert [segment.index for segment in segments] == list(range(len(segments)))
    assert segments[0].offset == 0
    assert all(one.offset + one.length == two.offset for one, two in pairwise(segments))
    assert segments[-1].offset + segments[-1].length == len(data) == end.bytes
    for segment in segments:
        stop = segment.offset + segment.length
        assert segment.sha256 == sha256(data[segment.offset : stop]).hexdigest()
        assert segment.running_sha256 == sha256(data[:stop]).hexdigest()
        assert segment.ended_us - segment.started_us < 1_000_000
    assert end.sha256 == sha256(data).hexdigest()


def test_the_file_holds_the_packets_and_segments_cover_it(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS)
    end = writing.finish()
    assert writing.content() == PACKETS
    assert_segments_hold(writing, end)
    assert sum(segment.packets for segment in writing.told.segments) == len(PACKETS)
    assert sum(segment.frames for segment in writing.told.segments) == 90
    assert sum(segment.lost for segment in writing.told.segments) == 0
    assert writing.told.segments[0].first_rtp == 0xFFFF0000
    assert writing.told.segments[-1].last_rtp == 0xFFFF0000 + 89 * 3000
    assert end.ended_us == PACKETS[-1][1]


def test_a_segment_is_told_only_after_its_bytes_are_synced(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    told = writing.told
    checked = []

    def check(segment: object) -> None:
        checked.append(segment)
        assert writing.disk.synced_bytes >= segment.offset + segment.length  # type: ignore[attr-defined]

    told.segment_closed = check  # type: ignore[method-assign, assignment]
    writing.play(PACKETS)
    writing.finish()
    assert len(checked) >= 3


def test_a_silent_track_closes_its_segment_and_stops_syncing(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS[:20])
    for _ in range(30):
        writing.step(0.08)
    assert writing.told.segments
    assert sum(segment.packets for segment in writing.told.segments) == 20
    syncs = writing.disk.syncs
    for _ in range(100):
        writing.step(0.08)
    assert writing.disk.syncs == syncs


def test_nothing_waits_longer_than_a_second_for_its_sync(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    for packet, arrival_us in PACKETS:
        writing.inbox.add(1, arrival_us, packet)
    writing.step(0.08)
    written = writing.path.stat().st_size
    for _ in range(13):
        writing.step(0.08)
    assert writing.disk.synced_bytes == written


def test_holes_are_counted_and_packets_that_fill_them_in_time_are_not(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    packets = PACKETS[:40]
    lost, late = packets[5], packets[9]
    arranged = [each for each in packets if each not in (lost, late)]
    arranged.insert(15, late)
    writing.play(arranged)
    writing.finish()
    assert sum(segment.lost for segment in writing.told.segments) == 1


def test_audio_counts_a_frame_a_packet(tmp_path: Path) -> None:
    writing = Writing(tmp_path, "audio")
    tone = tone_packets(2.5)
    writing.play(tone)
    writing.finish()
    assert sum(segment.frames for segment in writing.told.segments) == len(tone)


def test_short_writes_are_completed(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.disk.largest_write_bytes = 700
    writing.play(PACKETS)
    assert_segments_hold(writing, writing.finish())
    assert writing.content() == PACKETS


def test_at_the_floor_of_free_space_recording_stops_says_so_and_goes_on_later(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS[:40])
    writing.disk.free = FLOOR_BYTES - 1
    writing.step(1.0)
    gone = [(packet, at + 2_000_000) for packet, at in PACKETS[40:60]]
    writing.play(gone)
    size = writing.path.stat().st_size
    assert [trouble.cause for trouble in writing.told.troubles] == ["disk_full"]
    assert sum(segment.packets for segment in writing.told.segments) == 40
    writing.disk.free = FLOOR_BYTES
    writing.step(1.0)
    assert writing.path.stat().st_size == size
    (resumed,) = writing.told.resumed
    assert (resumed.packets, resumed.ended_us) == (20, gone[-1][1])
    later = [(packet, at + 4_000_000) for packet, at in PACKETS[60:]]
    writing.play(later)
    assert_segments_hold(writing, writing.finish())
    assert writing.content() == PACKETS[:40] + later
    assert writing.told.segments[-1].started_us >= later[0][1]


def test_a_full_disk_leaves_no_half_record_and_retries_every_second(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS[:30])
    writing.disk.room_bytes = 500
    writing.play([(packet, at + 1_000_000) for packet, at in PACKETS[30:50]])
    assert [trouble.cause for trouble in writing.told.troubles] == ["disk_full"]
    assert scan(writing.path).torn_bytes == 0
    assert len(writing.content()) == 30
    writing.disk.room_bytes = None
    for _ in range(14):
        writing.step(0.08)
    assert [resumed.packets for resumed in writing.told.resumed] == [20]
    last = [(packet, at + 4_000_000) for packet, at in PACKETS[50:]]
    writing.play(last)
    assert_segments_hold(writing, writing.finish())
    assert writing.content() == PACKETS[:30] + last


def test_after_a_failed_sync_everything_since_the_last_good_one_is_written_again(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS[:60])
    told_before = len(writing.told.segments)
    writing.disk.sync_fails = True
    for _ in range(20):
        writing.step(0.08)
    assert [trouble.cause for trouble in writing.told.troubles] == ["io_error"]
    assert len(writing.told.segments) == told_before
    size, synced_bytes = writing.path.stat().st_size, writing.disk.synced_bytes
    assert size > synced_bytes
    with writing.path.open("r+b") as file:  # what a drive that lost its cache would hold
        file.seek(synced_bytes)
        file.write(bytes(size - synced_bytes))
    writing.disk.sync_fails = False
    for _ in range(14):
        writing.step(0.08)
    assert len(writing.told.resumed) == 1
    assert_segments_hold(writing, writing.finish())
    assert writing.content() == PACKETS[:60]


def test_a_file_that_cannot_be_made_is_tried_again(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.disk.create_fails = errno.ENOSPC
    writing.play(PACKETS[:10])
    assert [trouble.cause for trouble in writing.told.troubles] == ["disk_full"]
    writing.disk.create_fails = 0
    writing.step(1.1)
    later = [(packet, at + 2_000_000) for packet, at in PACKETS[10:]]
    writing.play(later)
    assert_segments_hold(writing, writing.finish())
    assert writing.content() == later


def test_a_file_that_could_never_be_made_says_so_at_the_end(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.disk.create_fails = errno.EACCES
    writing.play(PACKETS[:3])
    with pytest.raises(OSError, match="could not be made"):
        writing.finish()


def test_a_clock_that_is_set_back_opens_another_segment(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    for packet, at in PACKETS[:30]:
        writing.inbox.add(1, at, packet)
    for packet, at in PACKETS[30:60]:
        writing.inbox.add(1, at - 60_000_000, packet)
    writing.step(0.08)
    assert_segments_hold(writing, writing.finish())


def test_recovery_finds_the_segments_after_the_attested_length(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS)
    end = writing.finish()
    attested = writing.told.segments[0]
    found = scan(writing.path, attested.length, 1)
    assert [segment.index for segment in found.segments] == list(range(1, 1 + len(found.segments)))
    assert found.segments[0].offset == attested.length
    last = found.segments[-1]
    assert last.offset + last.length == end.bytes == found.whole_bytes
    assert last.running_sha256 == found.sha256 == end.sha256
    assert found.segments[0].first_rtp == writing.told.segments[1].first_rtp
    assert attested.packets + sum(segment.packets for segment in found.segments) == len(PACKETS)
    assert scan(writing.path, end.bytes, 9).segments == ()


def test_a_torn_tail_is_named_and_cut_at_the_last_good_record(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS)
    end = writing.finish()
    with writing.path.open("ab") as file:
        file.write(b"\x00\x00\x01\x00\x01torn")
    found = scan(writing.path, end.bytes, 4)
    assert (found.segments, found.torn_bytes, found.whole_bytes) == ((), 9, end.bytes)
    cut_torn_tail(writing.path, found.whole_bytes)
    assert writing.path.stat().st_size == end.bytes
    assert sha256(writing.path.read_bytes()).hexdigest() == end.sha256


def test_what_was_attested_and_is_gone_is_counted(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS)
    end = writing.finish()
    cut_torn_tail(writing.path, writing.told.segments[0].length + 30)
    found = scan(writing.path, end.bytes, 4)
    assert found.missing_bytes == end.bytes - writing.told.segments[0].length
    assert found.torn_bytes == 30
    assert found.segments == ()


def test_damage_within_attested_bytes_never_costs_what_was_recorded_after_them(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS)
    end = writing.finish()
    attested = writing.told.segments[0].length
    with writing.path.open("r+b") as file:
        file.seek(attested // 2)
        byte = file.read(1)[0]
        file.seek(attested // 2)
        file.write(bytes([byte ^ 1]))
    found = scan(writing.path, attested, 1)
    assert found.damaged_bytes > 0
    assert (found.whole_bytes, found.torn_bytes, found.missing_bytes) == (end.bytes, 0, 0)
    assert found.segments[0].offset == attested
    assert sum(segment.packets for segment in found.segments) == len(PACKETS) - writing.told.segments[0].packets


def test_an_attested_length_within_a_record_is_refused(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    writing.play(PACKETS)
    writing.finish()
    with pytest.raises(JournalError, match="within a record"):
        scan(writing.path, writing.told.segments[0].length + 5, 1)
