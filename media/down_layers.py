"""What of a video stream one receiver gets, numbered so that nothing seems to be missing. Values in, values out."""

from __future__ import annotations

from collections.abc import Callable

from media.rtp.picture_numbers import EVERY_LAYER, Numbers, PictureNumbers
from media.rtp.vp8 import Vp8Descriptor, parse_descriptor, with_numbers

__all__ = ["EVERY_LAYER", "FILL", "KEYFRAMES_ONLY", "ClosedSequence", "DownLayers"]

KEYFRAMES_ONLY = -1
#: Takes the place of a packet that is left out after its number was given away: four bytes of padding.
FILL = b"\x00\x00\x00\x04"
WINDOW = 1024
MASK = WINDOW - 1

#: How many packets before this one were left out, and its payload.
Passed = tuple[int, bytes]


class ClosedSequence:
    """Sequence numbers of a stream in which what is left out leaves no hole. Numbers are unwrapped."""

    __slots__ = ("_before", "highest", "left_out")

    def __init__(self) -> None:
        self.highest = -1
        self.left_out = 0
        self._before = [0] * WINDOW

    def place(self, sequence: int) -> int | None:
        """How many were left out before this one; None for what is later than WINDOW."""
        if sequence > self.highest:
            first = max(self.highest + 1, sequence - MASK) if self.highest >= 0 else sequence
            for number in range(first, sequence + 1):
                self._before[number & MASK] = self.left_out
            self.highest = sequence
        elif sequence <= self.highest - WINDOW:
            return None
        return self._before[sequence & MASK]

    def leave_out(self) -> None:
        """The newest one is not sent."""
        self.left_out += 1


class DownLayers:
    """Decides packet by packet. `limit`: the highest temporal layer, EVERY_LAYER, or KEYFRAMES_ONLY.

    Lowering the limit works from the next frame on, raising it where the stream allows: no frame that is passed on
    refers to one that was not. `begins_keyframe` tells whether a payload starts a key frame.
    `last` and `joins_on`: as `PictureNumbers` takes them.
    """

    def __init__(
        self,
        is_vp8: bool,
        begins_keyframe: Callable[[bytes, int], bool],
        last: Numbers | None = None,
        *,
        joins_on: bool = True,
    ) -> None:
        self.sequence = ClosedSequence()
        self.numbers = PictureNumbers(last, joins_on=joins_on)
        self.limit = EVERY_LAYER
        self.highest_layer = 0
        self._is_vp8 = is_vp8
        self._begins_keyframe = begins_keyframe
        self._keys_only = False
        self._key_timestamp = -1
        self._newest_timestamp = -1

    def take(self, sequence: int, timestamp: int, packet: bytes, offset: int) -> Passed | None:
        """`sequence` unwrapped, the payload at `offset`. None: it is left out. A payload FILL: send padding instead."""
        before = self.sequence.place(sequence)
        if before is None:
            return None
        newest = sequence == self.sequence.highest
        payload = self._judge(newest, timestamp, packet, offset)
        if newest:
            self._newest_timestamp = timestamp
            if payload is None:
                self.sequence.leave_out()
                return None
        return before, FILL if payload is None else payload

    def _judge(self, newest: bool, timestamp: int, packet: bytes, offset: int) -> bytes | None:
        if _is_padding(packet, offset):
            return packet[offset:]
        descriptor = parse_descriptor(packet, offset) if self._is_vp8 else None
        if self._is_vp8 and descriptor is None:
            return None
        if descriptor is not None and descriptor.is_layered:
            self.highest_layer = max(self.highest_layer, descriptor.temporal_id)
        starts = self._begins_keyframe(packet, offset)
        if newest and timestamp != self._newest_timestamp:
            self._turn(starts, descriptor)
        if self._keys_only:
            return self._judge_key(newest and starts, timestamp, packet, offset, descriptor)
        if descriptor is None or descriptor.picture_id < 0:
            return packet[offset:]
        return _numbered(packet, offset, descriptor, self.numbers.judge(descriptor, newest, starts))

    def _turn(self, starts: bool, descriptor: Vp8Descriptor | None) -> None:
        """A new frame: here key frames only may begin, or end with a key frame."""
        if self.limit == KEYFRAMES_ONLY:
            self.numbers.wanted = EVERY_LAYER
            self._keys_only = True
            return
        self.numbers.wanted = self.limit
        if self._keys_only and starts:
            self._keys_only = False
            if descriptor is not None and descriptor.picture_id >= 0:
                self.numbers.admit_keyframe(descriptor)

    def _judge_key(
        self, starts: bool, timestamp: int, packet: bytes, offset: int, descriptor: Vp8Descriptor | None
    ) -> bytes | None:
        numbered = descriptor is not None and descriptor.picture_id >= 0
        if starts and timestamp != self._key_timestamp:
            self._key_timestamp = timestamp
            if descriptor is not None and numbered:
                self.numbers.admit_keyframe(descriptor)
        if timestamp != self._key_timestamp:
            return None
        if descriptor is None or not numbered:
            return packet[offset:]
        return _numbered(packet, offset, descriptor, self.numbers.find(descriptor))


def _is_padding(packet: bytes, offset: int) -> bool:
    """Nothing but padding (RFC 3550 section 5.1), as senders probe with."""
    return offset < len(packet) and bool(packet[0] & 0x20) and packet[-1] == len(packet) - offset


def _numbered(packet: bytes, offset: int, descriptor: Vp8Descriptor, numbers: Numbers | None) -> bytes | None:
    if numbers is None:
        return None
    return with_numbers(packet[offset:], descriptor, *numbers)
