"""Stills are found again in their journal, and what does not fit is told."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import av
import pytest

from media.depacketise import frames_of
from media.journal.format import JournalHeader
from media.journal.reader import read_header, read_journal
from media.journal.recovery import scan
from media.journal.slice import JournalSlice
from media.stills_decode import Picture, PictureDecoder
from media.stills_deep import Found, WantedFrame, decode_group
from media.stills_deep_run import DeepJournal, check_journals, survey_journal
from media.stills_deep_segments import StatedSegment
from media.stills_tiles import tiles_root
from media.stills_track import find_picture
from tests.media.clips import START_US, encode_h264, encode_vp8, header_of, video_packets, write_journal

pytestmark = pytest.mark.integration

SECONDS, FPS = 8, 10
KEYFRAMES = [20, 25, 60, 61]
ENCODED = {
    "VP8": encode_vp8(range(SECONDS * FPS), keyframes=KEYFRAMES),
    "H264": encode_h264(range(SECONDS * FPS), keyframes=KEYFRAMES),
}
SEED = bytes(range(32))


def journal(folder: Path, codec: str, seed: int | None = None) -> Path:
    """With a seed: some packets lost, some late."""
    packets = video_packets(ENCODED[codec], codec=codec, fps=FPS)
    if seed is not None:
        chooser = random.Random(seed)
        packets = [packet for at, packet in enumerate(packets) if at == 0 or chooser.random() > 0.02]
        late = [(packet, at_us + (400_000 if chooser.random() < 0.03 else 0)) for packet, at_us in packets]
        packets = sorted(late, key=lambda each: each[1])
    return write_journal(folder / "journal" / "v.ytj", header_of("v", "video", codec=codec), packets)


def wanted_of(number: int, picture: Picture) -> WantedFrame:
    frame, i420 = picture.frame, picture.i420()
    size = (picture.decoded.width, picture.decoded.height)
    return WantedFrame(
        number,
        frame.index,
        frame.rtp_timestamp,
        frame.arrival_us // 1000,
        *size,
        sha256(frame.content).hexdigest(),
        sha256(i420).hexdigest(),
        (tiles_root(i420, *size, SEED), SEED),
    )


def stills_of(path: Path, count: int) -> list[WantedFrame]:
    """As they are made: the newest picture of a moment."""
    chooser = random.Random(3)
    moments = [START_US + chooser.randrange(SECONDS * 1_000_000) for _ in range(count)]
    pictures = [find_picture(path, at_us) for at_us in moments]
    return [wanted_of(number, picture) for number, picture in enumerate(pictures) if picture is not None]


def segments_of(path: Path, attested: int = 0) -> list[StatedSegment]:
    """attested: so many segments were told live, the rest was found by a recovery."""
    live = scan(path).segments[:attested]
    length = live[-1].offset + live[-1].length if live else 0
    found = (*live, *scan(path, length, attested).segments)
    return [
        StatedSegment(
            each.index,
            each.offset,
            each.length,
            each.started_us // 1000,
            each.ended_us // 1000,
            each.first_rtp,
            each.last_rtp,
            each.packets,
            each.frames,
            each.lost,
        )
        for each in found
    ]


def deep(path: Path, wanted: list[WantedFrame], segments: list[StatedSegment] | None = None) -> DeepJournal:
    stated = segments_of(path) if segments is None else segments
    return DeepJournal(read_header(path), JournalSlice.whole(path), tuple(stated), tuple(wanted))


def found_in(journal: DeepJournal) -> dict[int, Found]:
    """In this process."""
    survey = survey_journal(journal).frames
    decoded = [decode_group(task) for task in survey.tasks]
    return survey.outcomes | {number: found for group in decoded for number, found in group.items()}


@pytest.mark.parametrize("seed", [None, 2])
def test_every_still_of_both_codecs_is_found_again(tmp_path: Path, seed: int | None) -> None:
    paths = [journal(tmp_path / codec, codec, seed) for codec in ENCODED]
    journals = [deep(path, stills_of(path, 12)) for path in paths]
    told: list[tuple[int, int]] = []
    outcome = check_journals(journals, 2, lambda done, whole: told.append((done, whole)))
    assert [len(each) for each in outcome.found] == [len(each.wanted) for each in journals]
    assert sum(map(len, outcome.found)) >= 20
    assert {found for each in outcome.found for found in each.values()} == {Found.SAME}
    assert all(survey.wrong_segments == [] for survey in outcome.surveys)
    assert told[-1] == (outcome.decoded_frames, outcome.decoded_frames)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"frame_index": 71}, Found.FRAME_MISSING),
        ({"frame_index": 5000}, Found.FRAME_MISSING),
        ({"rtp_timestamp": 1}, Found.FRAME_MISSING),
        ({"arrival_ms": 1}, Found.FRAME_MISSING),
        ({"encoded_sha256": "0" * 64}, Found.ENCODED_DIFFERS),
        ({"i420_sha256": "0" * 64}, Found.PIXELS_DIFFER),
        ({"width": 322}, Found.PIXELS_DIFFER),
        ({"tiles": ("0" * 64, SEED)}, Found.TILES_DIFFER),
        ({"frame_index": 5000, "arrival_ms": START_US}, Found.OUT_OF_REACH),
    ],
)
@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_a_still_that_says_something_else_is_told_by_what_differs(
    tmp_path: Path, codec: str, change: dict[str, object], found: Found
) -> None:
    path = journal(tmp_path, codec)
    still = wanted_of(0, find_picture(path, START_US + 7_000_000))
    assert found_in(deep(path, [replace(still, **change)])) == {0: found}


def test_segments_that_miscount_are_named(tmp_path: Path) -> None:
    path = journal(tmp_path, "VP8", seed=4)
    segments = segments_of(path)
    for change in ({"frames": 999}, {"packets": 1}, {"lost": 77}, {"first_rtp": 3}, {"ended_ms": 3}):
        wrong = [*segments[:2], replace(segments[2], **change), *segments[3:]]
        assert survey_journal(deep(path, [], wrong)).wrong_segments == [2]


@pytest.mark.parametrize("attested", [0, 1, 4, 7])
@pytest.mark.parametrize("seed", [None, 5, 6])
def test_segments_that_a_recovery_found_count_like_live_ones(tmp_path: Path, attested: int, seed: int | None) -> None:
    path = journal(tmp_path, "VP8", seed)
    assert survey_journal(deep(path, [], segments_of(path, attested))).wrong_segments == []


def test_a_run_of_segments_without_the_beginning_counts_by_time(tmp_path: Path) -> None:
    path = journal(tmp_path, "VP8")
    stills = stills_of(path, 20)
    segments = [each for each in segments_of(path) if each.number >= 3]
    start = segments[0].offset
    part = JournalSlice(path, start, path.stat().st_size - start, start)
    run = DeepJournal(read_header(path), part, tuple(segments), tuple(stills))
    assert survey_journal(run).wrong_segments == []
    outcome = found_in(run)
    reached = {each.number for each in stills if each.frame_index >= 60}
    assert reached and {number for number, found in outcome.items() if found is Found.SAME} == reached
    assert set(outcome.values()) == {Found.SAME, Found.OUT_OF_REACH}


def test_a_journal_inside_another_file_is_read_in_its_place(tmp_path: Path) -> None:
    path = journal(tmp_path, "H264")
    still = wanted_of(0, find_picture(path, None))
    around = tmp_path / "package"
    around.write_bytes(b"x" * 777 + path.read_bytes() + b"y" * 555)
    inside = JournalSlice(around, 777, path.stat().st_size)
    assert found_in(replace(deep(path, [still]), source=inside)) == {0: Found.SAME}


def test_pauses_and_sound_are_surveyed(tmp_path: Path) -> None:
    header: JournalHeader = header_of("a", "audio")
    packets = video_packets(ENCODED["VP8"][:4], fps=FPS)
    packets[-1] = (packets[-1][0], packets[-1][1] + 5_000_000)
    path = write_journal(tmp_path / "a.ytj", header, packets)
    survey = survey_journal(deep(path, []))
    assert survey.pauses == [(packets[-2][1] // 1000, packets[-1][1] // 1000)]
    assert survey.frames.frames == 0 and survey.wrong_segments == []


@pytest.mark.parametrize(("codec", "other"), [("VP8", "vp8"), ("H264", "h264")])
def test_another_decoder_gives_the_same_bytes(tmp_path: Path, codec: str, other: str) -> None:
    frames = list(frames_of(read_journal(journal(tmp_path, codec)), codec))
    ours = PictureDecoder(codec)
    theirs: av.VideoCodecContext | None = None
    compared = 0
    for frame in frames:
        ours.decode(frame)
        if frame.keyframe:
            theirs = av.CodecContext.create(other, "r")  # type: ignore[assignment]
            theirs.thread_count = 2
        if theirs is None or not frame.decodable:
            continue
        for picture in theirs.decode(av.Packet(frame.content)):
            assert ours.newest is not None
            if ours.newest.frame is frame:
                assert Picture(frame, picture).i420() == ours.newest.i420()
                compared += 1
    assert compared > 20
