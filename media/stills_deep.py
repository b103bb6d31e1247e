"""Finds stills again in a journal: first which frames they name, then what those look like. Pure but for reading.

The first pass assembles every frame and decodes none; it says where a decoder has to begin for each still. The second
decodes from that key frame to the still and holds the picture's bytes against the entry. Decoding is exact in VP8
(RFC 6386) and H.264 (clause 8), so another decoder gets the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from media.codec_names import H264, VIDEO_CODECS
from media.depacketise import EncodedFrame, FrameAssembler
from media.journal.format import RECORD_OVERHEAD_BYTES, RTP, Record
from media.journal.slice import JournalSlice
from media.stills_decode import Picture, PictureDecoder
from media.stills_tiles import tiles_root

_RTP_CYCLE = 1 << 32


class Found(StrEnum):
    """What became of a still's claim about a frame."""

    SAME = "same"
    FRAME_MISSING = "frame_missing"
    ENCODED_DIFFERS = "encoded_differs"
    PIXELS_DIFFER = "pixels_differ"
    TILES_DIFFER = "tiles_differ"
    #: The slice ends before it; or a decoder would have to begin before the slice does.
    OUT_OF_REACH = "out_of_reach"


@dataclass(frozen=True, slots=True)
class WantedFrame:
    """What a still's entry says of its frame. number: the caller's own. arrival_ms: unix, rounded down.

    tiles: (root in hexadecimal, the 32 bytes that its salts come from), where both are known.
    """

    number: int
    frame_index: int
    rtp_timestamp: int
    arrival_ms: int
    width: int
    height: int
    encoded_sha256: str
    i420_sha256: str
    tiles: tuple[str, bytes] | None = None

    def is_at(self, frame: EncodedFrame) -> bool:
        """Whether it says when this frame was taken and arrived."""
        same_moment = (frame.rtp_timestamp - self.rtp_timestamp) % _RTP_CYCLE == 0
        return same_moment and frame.arrival_us // 1000 == self.arrival_ms


@dataclass(frozen=True, slots=True)
class Entrance:
    """A byte of the journal at which a reader may begin, and the assembler's state there."""

    journal_offset: int
    checkpoint: dict[str, Any]


@dataclass(slots=True)
class DecodeTask:
    """Stills of one group of pictures, with the frame's number as it is counted in this slice."""

    source: JournalSlice
    codec: str
    entrance: Entrance
    wanted: list[tuple[int, WantedFrame]] = field(default_factory=list)

    @property
    def frames(self) -> int:
        """About how many have to be decoded."""
        return self.wanted[-1][0] - int(self.entrance.checkpoint["count"]) + 1


@dataclass(slots=True)
class FrameSurvey:
    """The first pass over a slice. frames: complete ones; decodable: of those."""

    frames: int = 0
    decodable: int = 0
    outcomes: dict[int, Found] = field(default_factory=dict)
    tasks: list[DecodeTask] = field(default_factory=list)


class FrameFinder:
    """Takes the records of one slice in order, looking for frames that stills name."""

    def __init__(self, source: JournalSlice, codec: str, wanted: Sequence[WantedFrame]) -> None:
        """Raises KeyError for a codec that has no pictures."""
        self.survey = FrameSurvey()
        self._source = source
        self._codec = codec
        self._assembler = FrameAssembler(codec)
        self._wanted = _by_place(wanted, counted=source.journal_offset == 0)
        self._counted = source.journal_offset == 0
        self._clean: Entrance | None = None
        self._group: Entrance | None = None
        self._last_arrival_ms = -1

    def begin(self, journal_offset: int) -> None:
        """Before the first record, which is at this byte."""
        self._note_clean(journal_offset)

    def take(self, record: Record) -> None:
        """The next record; sender reports are passed over."""
        if record.kind != RTP:
            return
        self._last_arrival_ms = max(self._last_arrival_ms, record.arrival_us // 1000)
        frames = self._assembler.feed(record.payload, record.arrival_us)
        for frame in frames:
            self._see(frame)
        if frames:
            self._note_clean(record.end)

    def finish(self) -> FrameSurvey:
        """After the last record."""
        for frame in self._assembler.flush():
            self._see(frame)
        for rest in self._wanted.values():
            for wanted in rest:
                reached = self._counted and wanted.arrival_ms <= self._last_arrival_ms
                self.survey.outcomes[wanted.number] = Found.FRAME_MISSING if reached else Found.OUT_OF_REACH
        return self.survey

    def _note_clean(self, journal_offset: int) -> None:
        checkpoint = self._assembler.checkpoint()
        if checkpoint is not None:
            self._clean = Entrance(journal_offset, checkpoint)

    def _see(self, frame: EncodedFrame) -> None:
        self.survey.frames += 1
        self.survey.decodable += frame.decodable
        if frame.keyframe:
            self._group = self._clean
        for wanted in self._wanted.pop(_place(frame.index, frame.rtp_timestamp, counted=self._counted), ()):
            self._judge(frame, wanted)

    def _judge(self, frame: EncodedFrame, wanted: WantedFrame) -> None:
        if not wanted.is_at(frame):
            self.survey.outcomes[wanted.number] = Found.FRAME_MISSING if self._counted else Found.OUT_OF_REACH
        elif sha256(frame.content).hexdigest() != wanted.encoded_sha256:
            known = self._counted or not (frame.keyframe and self._codec == H264)  # parameter sets may lie before it
            self.survey.outcomes[wanted.number] = Found.ENCODED_DIFFERS if known else Found.OUT_OF_REACH
        elif not frame.decodable or self._group is None:
            self.survey.outcomes[wanted.number] = Found.PIXELS_DIFFER if self._counted else Found.OUT_OF_REACH
        else:
            self._task(self._group).wanted.append((frame.index, wanted))

    def _task(self, entrance: Entrance) -> DecodeTask:
        tasks = self.survey.tasks
        if not tasks or tasks[-1].entrance is not entrance:
            tasks.append(DecodeTask(self._source, self._codec, entrance))
        return tasks[-1]


def _place(index: int, rtp_timestamp: int, *, counted: bool) -> int:
    """Where a slice begins in mid-journal its frames have no number, but still their time."""
    return index if counted else rtp_timestamp % _RTP_CYCLE


def _by_place(wanted: Iterable[WantedFrame], *, counted: bool) -> dict[int, list[WantedFrame]]:
    placed: dict[int, list[WantedFrame]] = {}
    for each in wanted:
        placed.setdefault(_place(each.frame_index, each.rtp_timestamp, counted=counted), []).append(each)
    return placed


def has_pictures(codec: str) -> bool:
    """Whether journals of this codec hold frames that are decoded here."""
    return codec in VIDEO_CODECS


def decode_group(task: DecodeTask) -> dict[int, Found]:
    """What became of the task's stills, by number. Raises JournalError, OSError."""
    outcomes: dict[int, Found] = {}
    wanted = {index: [each for at, each in task.wanted if at == index] for index, _ in task.wanted}
    for index, picture in _pictures(task):
        for each in wanted.get(index, ()):
            outcomes[each.number] = _compare(picture, index, each)
        if len(outcomes) == len(task.wanted):
            break
    return {each.number: outcomes.get(each.number, Found.PIXELS_DIFFER) for _, each in task.wanted}


def recover_picture(source: JournalSlice, codec: str, wanted: WantedFrame) -> Picture:
    """The picture that a still's entry names, for a copy of it. Reads the whole slice.

    Raises ValueError where the journal has no such picture, or another one; JournalError, OSError.
    """
    finder = FrameFinder(source, codec, [wanted])
    for at, record in enumerate(source.records()):
        if at == 0:
            finder.begin(record.end - len(record.payload) - RECORD_OVERHEAD_BYTES)
        finder.take(record)
    survey = finder.finish()
    for task in survey.tasks:
        for index, picture in _pictures(task):
            if index == task.wanted[0][0] and picture is not None and _compare(picture, index, wanted) is Found.SAME:
                return picture
    raise ValueError(f"the recording has no such picture: {survey.outcomes.get(wanted.number, Found.PIXELS_DIFFER)}")


def _pictures(task: DecodeTask) -> Iterator[tuple[int, Picture | None]]:
    """(number of a frame, the newest picture after decoding it)."""
    assembler = FrameAssembler(task.codec)
    assembler.resume(task.entrance.checkpoint)
    decoder = PictureDecoder(task.codec)

    def decoded(frames: list[EncodedFrame]) -> Iterator[tuple[int, Picture | None]]:
        for frame in frames:
            decoder.decode(frame)
            yield frame.index, decoder.newest

    for record in task.source.records(task.entrance.journal_offset):
        if record.kind == RTP:
            yield from decoded(assembler.feed(record.payload, record.arrival_us))
    yield from decoded(assembler.flush())


def _compare(picture: Picture | None, index: int, wanted: WantedFrame) -> Found:
    if picture is None or picture.frame.index != index:
        return Found.PIXELS_DIFFER
    size = (picture.decoded.width, picture.decoded.height)
    i420 = picture.i420()
    if size != (wanted.width, wanted.height) or sha256(i420).hexdigest() != wanted.i420_sha256:
        return Found.PIXELS_DIFFER
    if wanted.tiles is not None:
        root, seed = wanted.tiles
        if tiles_root(i420, *size, seed) != root:
            return Found.TILES_DIFFER
    return Found.SAME
