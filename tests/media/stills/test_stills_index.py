"""Looking back enters a journal at a key frame, and counts the same frames as one who reads all of it."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from media.depacketise import EncodedFrame, frames_of
from media.journal.reader import read_journal
from media.stills_index import (
    MOST_BEHIND_BYTES,
    IndexedReader,
    KeyframeIndex,
    Mark,
    build_index,
    index_path,
    load_index,
    records_and_frames_from,
    save_index,
)
from media.stills_track import TrackFollower, find_picture
from tests.media.clips import START_US, encode_h264, encode_vp8, header_of, video_packets, write_journal

pytestmark = pytest.mark.integration

SECONDS, FPS = 12, 10
KEYFRAMES = [20, 25, 60, 61, 90]
ENCODED = {
    "VP8": encode_vp8(range(SECONDS * FPS), keyframes=KEYFRAMES),
    "H264": encode_h264(range(SECONDS * FPS), keyframes=KEYFRAMES),
}


def journal(folder: Path, codec: str, seed: int | None = None) -> Path:
    """With a seed: some packets lost, some late."""
    packets = video_packets(ENCODED[codec], codec=codec, fps=FPS)
    if seed is not None:
        chooser = random.Random(seed)
        packets = [packet for at, packet in enumerate(packets) if at == 0 or chooser.random() > 0.02]
        late = [(packet, at_us + (400_000 if chooser.random() < 0.03 else 0)) for packet, at_us in packets]
        packets = sorted(late, key=lambda each: each[1])
    return write_journal(folder / "journal" / "v.ytj", header_of("v", "video", codec=codec), packets)


@pytest.mark.parametrize("codec", ["VP8", "H264"])
@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_from_every_mark_on_the_frames_are_those_of_the_whole(tmp_path: Path, codec: str, seed: int | None) -> None:
    path = journal(tmp_path, codec, seed)
    whole = list(frames_of(read_journal(path), codec))
    index = build_index(path)
    assert len(index.marks) >= 3 and index.covered == path.stat().st_size
    for mark in index.marks:
        assert whole[mark.frame_index].keyframe
        rest = [frame for _, frames in records_and_frames_from(path, mark) for frame in frames]
        assert rest == whole[rest[0].index :] and rest[0].index <= mark.frame_index


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_the_picture_of_any_moment_is_the_last_decodable_one_that_had_arrived(tmp_path: Path, codec: str) -> None:
    path = journal(tmp_path, codec, seed=7)
    whole = list(frames_of(read_journal(path), codec))
    for at_us in range(START_US - 50_000, START_US + SECONDS * 1_000_000, 370_000):
        wanted = [frame for frame in whole if frame.decodable and frame.arrival_us <= at_us]
        found = find_picture(path, at_us)
        assert (found.frame if found else None) == (wanted[-1] if wanted else None)


def test_once_indexed_nothing_before_the_key_frame_is_read(tmp_path: Path) -> None:
    path = journal(tmp_path, "VP8")
    at_us = START_US + 8_500_000
    first = find_picture(path, at_us)
    content = bytearray(path.read_bytes())
    start = len(content) // 8
    content[start : len(content) // 3] = bytes(len(content) // 3 - start)
    path.write_bytes(content)
    second = find_picture(path, at_us)
    assert first is not None and second is not None
    assert first.frame == second.frame and first.i420() == second.i420()


def test_a_follower_leaves_the_same_index_behind_as_one_who_reads_all(tmp_path: Path) -> None:
    path = journal(tmp_path, "H264")
    whole = path.read_bytes()
    follower = TrackFollower(path)
    for end in range(600, len(whole) + 7_000, 7_000):
        path.write_bytes(whole[:end])
        while follower.advance():
            pass
    follower.close()
    assert load_index(path) == _plain(build_index(path))


@pytest.mark.parametrize("content", ["", "{}", "[1]", json.dumps({"version": 1, "covered": 1, "marks": [[1]]})])
def test_an_index_that_cannot_be_read_is_made_anew(tmp_path: Path, content: str) -> None:
    path = journal(tmp_path, "VP8")
    index_path(path).parent.mkdir()
    index_path(path).write_text(content)
    found = find_picture(path, None)
    assert found is not None and found.frame.index == SECONDS * FPS - 1
    assert load_index(path) == _plain(build_index(path))


def test_an_index_of_more_than_there_is_does_not_count(tmp_path: Path) -> None:
    path = journal(tmp_path, "VP8")
    save_index(path, KeyframeIndex([], path.stat().st_size + 1))
    assert load_index(path) is None


def test_an_index_that_was_left_behind_by_its_journal_is_made_anew(tmp_path: Path) -> None:
    path = journal(tmp_path, "VP8")
    save_index(path, KeyframeIndex([], 0))
    assert load_index(path) is not None
    with path.open("ab") as file:
        file.truncate(MOST_BEHIND_BYTES + 1)
    assert load_index(path) is None


def test_a_sender_of_key_frames_alone_gets_a_mark_a_second(tmp_path: Path) -> None:
    encoded = encode_vp8(range(40), keyframes=range(40))
    path = write_journal(tmp_path / "journal" / "v.ytj", header_of("v", "video"), video_packets(encoded, fps=FPS))
    reader = IndexedReader(path)
    frames: list[EncodedFrame] = []
    while (more := reader.read()) is not None:
        frames += more
    reader.close()
    assert len(frames) == 40 and [mark.frame_index for mark in reader.index.marks] == [0, 10, 20, 30]


def _plain(index: KeyframeIndex) -> KeyframeIndex:
    """As it comes back from JSON, where a pair is a list."""
    marks = [
        Mark(each.offset, each.frame_index, each.arrival_us, json.loads(json.dumps(each.checkpoint)))
        for each in index.marks
    ]
    return KeyframeIndex(marks, index.covered)
