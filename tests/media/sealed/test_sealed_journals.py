"""A sealed journal is the same journal: same segments, same records, same recovery wherever it is torn."""

from __future__ import annotations

from pathlib import Path

import pytest

from media.journal import JournalDisk, JournalTail, cut_torn_tail, read_header, read_journal, scan
from media.journal.slice import JournalSlice
from media.sealed.reader import open_content
from tests.media.clips import encode_vp8, header_of, video_packets
from tests.media.journal.disks import Told

pytestmark = pytest.mark.integration

KEY = b"k" * 32
VIDEO = video_packets(encode_vp8(range(75), width=160, height=120))


async def written(path: Path, key: bytes | None) -> Told:
    disk, told = JournalDisk(), Told()
    disk.start()
    writer = disk.open(path, header_of("t", "video"), told, key)
    for packet, arrival_us in VIDEO:
        writer.append(packet, arrival_us)
    await writer.aclose()
    await disk.aclose()
    return told


def content_of(path: Path, key: bytes | None = None) -> bytes:
    content = open_content(path, key)
    try:
        return content.pread(content.size(), 0)
    finally:
        content.close()


async def test_content_and_segments_are_those_of_a_plain_journal(tmp_path: Path) -> None:
    plain, sealed = await written(tmp_path / "plain.ytj", None), await written(tmp_path / "sealed.ytj", KEY)
    assert sealed.segments == plain.segments and len(sealed.segments) > 1
    assert content_of(tmp_path / "sealed.ytj", KEY) == (tmp_path / "plain.ytj").read_bytes()
    assert read_header(tmp_path / "sealed.ytj", KEY) == read_header(tmp_path / "plain.ytj")
    slices = JournalSlice.whole(tmp_path / "sealed.ytj", KEY), JournalSlice.whole(tmp_path / "plain.ytj")
    assert list(slices[0].records()) == list(slices[1].records())
    assert "k" * 4 not in repr(slices[0])


async def test_wherever_it_is_torn_the_whole_records_are_found_and_the_rest_is_cut(tmp_path: Path) -> None:
    await written(tmp_path / "whole.ytj", KEY)
    raw, plain = (tmp_path / "whole.ytj").read_bytes(), content_of(tmp_path / "whole.ytj", KEY)
    torn = tmp_path / "torn.ytj"
    for end in range(len(raw) - 1, 700, -977):
        torn.write_bytes(raw[:end])
        found = scan(torn, key=KEY)
        read = b"".join(part for part in [content_of(torn, KEY)])[: found.whole_bytes]
        assert plain.startswith(read) and len(read) == found.whole_bytes
        cut_torn_tail(torn, found.whole_bytes, KEY)
        after = scan(torn, key=KEY)
        assert (after.whole_bytes, after.torn_bytes, after.sha256) == (found.whole_bytes, 0, found.sha256)


async def test_an_end_that_a_power_cut_left_as_noise_is_torn_and_noise_before_the_attested_end_is_damage(
    tmp_path: Path,
) -> None:
    told = await written(tmp_path / "a.ytj", KEY)
    raw = bytearray((tmp_path / "a.ytj").read_bytes())
    raw[-40:] = bytes(40)
    (tmp_path / "a.ytj").write_bytes(raw)
    attested = told.segments[-2]
    found = scan(tmp_path / "a.ytj", attested.offset + attested.length, attested.index + 1, KEY)
    assert found.whole_bytes >= attested.offset + attested.length and found.torn_bytes > 0
    with pytest.raises(OSError, match="seal"):
        scan(tmp_path / "a.ytj", told.segments[-1].offset + told.segments[-1].length, 9, KEY)


async def test_a_tail_follows_it_and_without_the_key_nobody_does(tmp_path: Path) -> None:
    await written(tmp_path / "a.ytj", KEY)
    tail = JournalTail(tmp_path / "a.ytj", KEY)
    read = []
    while records := tail.read():
        read += [(record.payload, record.arrival_us) for record in records]
    tail.close()
    assert read == VIDEO
    with pytest.raises(PermissionError):
        list(read_journal(tmp_path / "a.ytj"))
