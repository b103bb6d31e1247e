"""Sealed files: read back anywhere, cut and written again as journals are, and any change is noticed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.journal.files import DiskFiles
from media.sealed.files import SealedFiles
from media.sealed.format import FILE_ID_BYTES, HEADER_BYTES, MAX_CHUNK_BYTES, OVERHEAD_BYTES, FileSeal, SealError
from media.sealed.reader import Content, open_content

pytestmark = pytest.mark.unit

KEY = bytes(range(32))
PIECES = (b"first piece, ", b"the second one, ", b"and a third")


def sealed(path: Path, pieces: tuple[bytes, ...] = PIECES, key: bytes = KEY) -> Path:
    files = SealedFiles(DiskFiles(), key, os.urandom)
    descriptor = files.create(path)
    offset = 0
    for piece in pieces:
        offset += files.write(descriptor, piece, offset)
    files.sync(descriptor)
    files.close(descriptor)
    return path


@pytest.fixture
def content(tmp_path: Path) -> Iterator[Content]:
    opened = open_content(sealed(tmp_path / "a"), KEY)
    yield opened
    opened.close()


def test_content_is_read_at_any_place(content: Content) -> None:
    whole = b"".join(PIECES)
    assert content.size() == len(whole)
    for start in range(len(whole) + 2):
        for count in (1, 7, 20, 100):
            assert content.pread(count, start) == whole[start : start + count]


def test_nothing_of_the_content_is_on_the_disk(tmp_path: Path) -> None:
    raw = sealed(tmp_path / "a").read_bytes()
    assert not any(word in raw for word in (b"first", b"piece", b"second", b"third"))
    assert len(raw) == HEADER_BYTES + sum(len(piece) + OVERHEAD_BYTES for piece in PIECES)


def test_the_same_content_is_different_bytes_each_time(tmp_path: Path) -> None:
    first, second = (sealed(tmp_path / name).read_bytes() for name in "ab")
    assert first[HEADER_BYTES:] != second[HEADER_BYTES:]


@pytest.mark.parametrize("place", range(HEADER_BYTES - FILE_ID_BYTES, HEADER_BYTES + 2 * (13 + OVERHEAD_BYTES), 3))
def test_a_changed_bit_is_an_error_or_a_torn_end_and_never_other_content(tmp_path: Path, place: int) -> None:
    path = sealed(tmp_path / "a")
    raw = bytearray(path.read_bytes())
    raw[place] ^= 0x10
    path.write_bytes(raw)
    opened = open_content(path, KEY)
    try:
        assert opened.pread(1000, 0) != b"".join(PIECES)
    except OSError as error:
        assert error.errno == errno.EIO
    finally:
        opened.close()


def test_chunks_cannot_change_places_nor_files(tmp_path: Path) -> None:
    one, other = sealed(tmp_path / "a", (b"11", b"22")), sealed(tmp_path / "b", (b"33", b"44"))
    length = 2 + OVERHEAD_BYTES
    raw = one.read_bytes()
    header, first, second = raw[:HEADER_BYTES], raw[HEADER_BYTES:-length], raw[-length:]
    foreign = other.read_bytes()[HEADER_BYTES:-length]
    for chunks in ((second, first), (first, first), (foreign, second)):
        one.write_bytes(header + b"".join(chunks))
        opened = open_content(one, KEY)
        with pytest.raises(OSError, match="seal"):
            opened.pread(10, len(opened.pread(10, 0)))
        opened.close()


def test_another_key_opens_nothing_and_no_key_is_refused(tmp_path: Path) -> None:
    path = sealed(tmp_path / "a")
    opened = open_content(path, bytes(32))
    with pytest.raises(OSError, match="seal"):
        opened.pread(1, 0)
    opened.close()
    with pytest.raises(PermissionError):
        open_content(path, None)


def test_a_file_that_is_not_sealed_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(b"plain words")
    opened = open_content(path, KEY)
    assert (opened.size(), opened.pread(5, 6), opened.raw_position(3)) == (11, b"words", 3)
    opened.close()
    opened.close()


def test_a_reader_follows_a_file_that_grows_and_waits_for_whole_chunks(tmp_path: Path) -> None:
    whole = sealed(tmp_path / "a").read_bytes()
    growing = tmp_path / "growing"
    growing.write_bytes(whole[:HEADER_BYTES])
    opened = open_content(growing, KEY)
    read = b""
    for end in range(HEADER_BYTES, len(whole) + 1, 5):
        growing.write_bytes(whole[:end])
        read += opened.pread(1000, len(read))
        assert b"".join(PIECES).startswith(read)
    growing.write_bytes(whole)
    assert read + opened.pread(1000, len(read)) == b"".join(PIECES)
    opened.close()


def test_a_torn_end_counts_with_the_bytes_that_it_has(tmp_path: Path) -> None:
    path = sealed(tmp_path / "a")
    raw = path.read_bytes()
    path.write_bytes(raw[:-1])
    opened = open_content(path, KEY)
    kept = len(PIECES[0]) + len(PIECES[1])
    assert opened.pread(1000, 0) == PIECES[0] + PIECES[1]
    assert opened.size() == kept + len(PIECES[2]) + OVERHEAD_BYTES - 1
    assert opened.raw_position(kept) == len(raw) - len(PIECES[2]) - OVERHEAD_BYTES
    with pytest.raises(ValueError, match="within"):
        opened.raw_position(kept - 1)
    opened.close()


def test_what_was_not_synced_is_written_again_in_its_place_or_cut_off(tmp_path: Path) -> None:
    files = SealedFiles(DiskFiles(), KEY, os.urandom)
    descriptor = files.create(tmp_path / "a")
    files.write(descriptor, b"kept", 0)
    files.sync(descriptor)
    files.write(descriptor, b"lost in part", 4)
    files.truncate(descriptor, 4)
    files.write(descriptor, b"again", 4)
    files.write(descriptor, b" and on", 9)
    files.write(descriptor, b"again", 4)
    files.sync(descriptor)
    files.truncate(descriptor, 16)
    files.close(descriptor)
    opened = open_content(tmp_path / "a", KEY)
    assert opened.pread(100, 0) == b"keptagain and on"
    opened.close()


class FullDisk(DiskFiles):
    """Takes so many bytes, then none."""

    def __init__(self, left: int) -> None:
        self.left = left

    def write(self, descriptor: int, content: bytes, offset: int) -> int:
        taken = content[: self.left]
        self.left -= len(taken)
        if content and not taken:
            raise OSError(errno.ENOSPC, "full")
        return super().write(descriptor, taken, offset)


def test_a_disk_that_fills_leaves_whole_chunks_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    disk = FullDisk(HEADER_BYTES + 5 + OVERHEAD_BYTES + 3)
    files = SealedFiles(disk, KEY, os.urandom)
    descriptor = files.create(tmp_path / "a")
    files.write(descriptor, b"first", 0)
    with pytest.raises(OSError, match="full"):
        files.write(descriptor, b"second", 5)
    files.truncate(descriptor, 5)
    disk.left = 1000
    files.write(descriptor, b"third", 5)
    files.close(descriptor)
    opened = open_content(tmp_path / "a", KEY)
    assert opened.pread(100, 0) == b"firstthird"
    opened.close()


def test_a_file_whose_header_found_no_room_can_be_made_later(tmp_path: Path) -> None:
    disk = FullDisk(3)
    files = SealedFiles(disk, KEY, os.urandom)
    with pytest.raises(OSError, match="full"):
        files.create(tmp_path / "a")
    disk.left = 1000
    files.close(files.create(tmp_path / "a"))
    assert (tmp_path / "a").stat().st_size == HEADER_BYTES


@given(content=st.binary(min_size=1, max_size=200), offset=st.integers(0, 2**40), at=st.integers(0, 231))
@settings(max_examples=60, deadline=None)
def test_a_seal_holds_for_its_content_and_its_place_alone(content: bytes, offset: int, at: int) -> None:
    seal = FileSeal(KEY, bytes(FILE_ID_BYTES))
    chunk = seal.seal(content, offset, bytes(12))
    assert seal.open(chunk, offset) == content
    changed = bytearray(chunk)
    changed[at % len(chunk)] ^= 1
    for bad, place in ((bytes(changed), offset), (chunk, offset + 1), (chunk[:-1], offset), (chunk + b"\0", offset)):
        with pytest.raises(SealError):
            seal.open(bad, place)


@pytest.mark.parametrize("length", [0, MAX_CHUNK_BYTES + 1])
def test_a_chunk_is_neither_empty_nor_larger_than_a_mebibyte(length: int) -> None:
    with pytest.raises(ValueError, match="1 MiB"):
        FileSeal(KEY, bytes(FILE_ID_BYTES)).seal(bytes(length), 0, bytes(12))
