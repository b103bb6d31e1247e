"""Layered VP8 streams for tests: descriptors and references as WebRTC makes them, no picture inside."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from media.rtp.header import HEADER
from media.rtp.vp8 import write_descriptor

SSRC = 0xAAAA
#: (TID, may depend on the base layer only) in a cycle; three layers and two, as WebRTC's encoder goes through them.
PATTERNS = {
    3: [(0, False), (2, True), (1, True), (2, False), (0, False), (2, False), (1, False), (2, False)],
    2: [(0, False), (1, True), (0, False), (1, False)],
    1: [(0, False)],
}


@dataclass
class Frame:
    picture: int
    temporal_id: int
    sync: bool
    keyframe: bool
    tl0: int
    refers_to: list[int]
    packets: list[bytes] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)


def make_frames(
    count: int,
    chance: random.Random,
    *,
    layers: int = 3,
    first_sequence: int = 0x1FFF0,
    first_picture: int = 0x7FF0,
    picture_bits: int = 15,
    keyframe_share: float = 0.02,
) -> list[Frame]:
    """Frames in sending order. Sequence numbers are unwrapped; pictures, TL0PICIDX and numbers wrap early on."""
    frames: list[Frame] = []
    newest: dict[int, int] = {}
    tl0, place, sequence = 250, 0, first_sequence
    for index in range(count):
        keyframe = index == 0 or chance.random() < keyframe_share
        if keyframe:
            place, newest = 0, {}
        temporal_id, sync = PATTERNS[layers][place % len(PATTERNS[layers])]
        place += 1
        tl0 += temporal_id == 0
        lower = [0] if sync or temporal_id == 0 else range(temporal_id + 1)
        refers_to = [] if keyframe else [newest[layer] for layer in lower if layer in newest]
        newest[temporal_id] = index
        frame = Frame(first_picture + index, temporal_id, sync, keyframe, tl0, refers_to)
        size = chance.randint(1, 4)
        for part in range(size):
            frame.packets.append(_packet(frame, index, part, part == size - 1, sequence, picture_bits))
            frame.sequences.append(sequence)
            sequence += 1
        frames.append(frame)
    return frames


def _packet(frame: Frame, index: int, part: int, last: bool, sequence: int, picture_bits: int) -> bytes:
    descriptor = write_descriptor(
        begins=part == 0,
        picture_id=frame.picture & (1 << picture_bits) - 1,
        tl0=frame.tl0 & 0xFF,
        temporal_id=frame.temporal_id,
        layer_sync=frame.sync,
        picture_bits=picture_bits,
    )
    body = bytes([0 if frame.keyframe and part == 0 else 1]) + f"{index}/{part}".encode()
    header = HEADER.pack(0x80, (0x80 if last else 0) | 96, sequence & 0xFFFF, timestamp_of(index), SSRC)
    return header + descriptor + body


def timestamp_of(index: int) -> int:
    return (0xFFFF8000 + index * 3000) & 0xFFFFFFFF


def in_disorder(items: list[tuple[int, bytes]], chance: random.Random, reach: int) -> list[tuple[int, bytes]]:
    """The same items, some of them up to `reach` places later."""
    late = {sequence: chance.randint(1, reach) for sequence, _ in items[1:] if chance.random() < 0.15}
    return sorted(items, key=lambda item: (item[0] + late.get(item[0], 0), item[0] in late))
