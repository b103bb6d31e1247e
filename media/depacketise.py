"""From RTP packets back to VP8 frames (RFC 7741), tolerant of loss and reordering. Pure: depends on its input alone.

So the number of a frame is a property of the journal: whoever reads the same records counts the same frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from media.journal.format import RTP, Record
from media.rtp.header import payload_offset, strip_padding
from media.rtp.sequence import unwrap16, unwrap32

#: How long, and how many packets, later ones wait for a missing one. The relay gives up asking after a second.
WAIT_US = 1_200_000
WAIT_PACKETS = 1024
#: A sequence number this far behind is a sender that began anew (RFC 3550 appendix A.1: MAX_MISORDER and more).
RESTART_BEHIND = 3000
#: A sender can claim 16383 x 16383; decoding that would cost 400 MB. What the largest phone's camera gives fits.
MOST_PIXELS = 4096 * 4096


@dataclass(frozen=True, slots=True)
class Vp8Frame:
    """One complete frame as the sender encoded it.

    index: counted over the complete frames of the track from 0. arrival_us: when its last packet arrived.
    decodable: nothing since the last key frame is missing, and its size is a possible one. width and height: of the
    last key frame, 0 before one.
    """

    index: int
    rtp_timestamp: int
    arrival_us: int
    content: bytes
    keyframe: bool
    decodable: bool
    width: int
    height: int


@dataclass(slots=True)
class _Packet:
    timestamp: int
    arrival_us: int
    marker: bool
    begins: bool
    payload: bytes


def vp8_payload(payload: bytes) -> tuple[bool, bytes]:
    """(begins a frame, VP8 bytes) of an RTP payload: RFC 7741 section 4.2. Raises ValueError where it is cut off."""
    try:
        first, at = payload[0], 1
        if first & 0x80:
            extensions = payload[1]
            at = 2
            if extensions & 0x80:
                at += 2 if payload[at] & 0x80 else 1
            at += (extensions >> 6 & 1) + (1 if extensions & 0x30 else 0)
    except IndexError as error:
        raise ValueError("payload descriptor is cut off") from error
    if at >= len(payload):
        raise ValueError("payload descriptor is all there is")
    return first & 0x17 == 0x10, payload[at:]


def is_keyframe(frame: bytes) -> bool:
    """RFC 6386 section 9.1: the lowest bit of a key frame is 0, and a start code follows the frame tag."""
    return len(frame) >= 10 and not frame[0] & 1 and frame[3:6] == b"\x9d\x01\x2a"


def keyframe_size(frame: bytes) -> tuple[int, int]:
    """Width and height of a key frame in pixels (14 bits each)."""
    return int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF


class FrameAssembler:
    """Takes packets in order of arrival, gives frames in order of the sender."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Packet | None] = {}
        self._next = -1
        self._highest = 0
        self._ssrc = -1
        self._timestamp: int | None = None
        self._stuck_us = 0
        self._parts: list[_Packet] = []
        self._whole = False
        self._intact = False
        self._size = (0, 0)
        self._count = 0

    def feed(self, packet: bytes, arrival_us: int) -> list[Vp8Frame]:
        """The frames that this packet completes. A malformed packet counts as lost."""
        try:
            sequence, parsed = self._parse(packet, arrival_us)
        except ValueError:
            return []
        frames: list[Vp8Frame] = []
        if sequence < self._next:
            return frames
        if not self._waiting:
            self._stuck_us = arrival_us
        self._waiting[sequence] = parsed
        self._advance(frames)
        while self._waiting and self._waited_enough(arrival_us):
            self._skip(frames)
        return frames

    def flush(self) -> list[Vp8Frame]:
        """The frames that are whole although packets before them never came."""
        frames: list[Vp8Frame] = []
        while self._waiting:
            self._skip(frames)
        return frames

    def _parse(self, packet: bytes, arrival_us: int) -> tuple[int, _Packet | None]:
        packet = strip_padding(packet)
        offset = payload_offset(packet)
        ssrc = int.from_bytes(packet[8:12], "big")
        raw = packet[2] << 8 | packet[3]
        if ssrc != self._ssrc or self._highest - unwrap16(self._highest, raw) > RESTART_BEHIND:
            self._restart(ssrc, raw)
        sequence = unwrap16(self._highest, raw)
        timestamp = int.from_bytes(packet[4:8], "big")
        timestamp = timestamp if self._timestamp is None else unwrap32(self._timestamp, timestamp)
        if sequence >= self._highest or self._timestamp is None:
            self._highest, self._timestamp = sequence, timestamp
        if offset == len(packet):  # padding only: takes a sequence number, carries nothing
            return sequence, None
        begins, payload = vp8_payload(packet[offset:])
        return sequence, _Packet(timestamp, arrival_us, packet[1] >= 0x80, begins, payload)

    def _restart(self, ssrc: int, sequence: int) -> None:
        self._ssrc = ssrc
        self._next = self._highest = sequence
        self._waiting.clear()
        self._parts.clear()
        self._whole = self._intact = False

    def _waited_enough(self, now_us: int) -> bool:
        return now_us - self._stuck_us > WAIT_US or len(self._waiting) > WAIT_PACKETS

    def _advance(self, frames: list[Vp8Frame]) -> None:
        """Take what follows without a hole."""
        while self._next in self._waiting:
            packet = self._waiting.pop(self._next)
            self._next += 1
            if packet is not None:
                self._join(packet, frames)
        self._stuck_us = min((each.arrival_us for each in self._waiting.values() if each), default=self._stuck_us)

    def _skip(self, frames: list[Vp8Frame]) -> None:
        """Give up the hole before the earliest packet that waits: what depends on it is not decodable."""
        self._next = min(self._waiting)
        self._parts.clear()
        self._whole = self._intact = False
        self._advance(frames)

    def _join(self, packet: _Packet, frames: list[Vp8Frame]) -> None:
        if packet.begins and (not self._parts or packet.timestamp != self._parts[0].timestamp):
            self._finish(frames)
            self._whole = True
        if not self._whole:
            self._intact = False
            return
        if self._parts and packet.timestamp != self._parts[0].timestamp:
            self._whole = self._intact = False
            self._parts.clear()
            return
        self._parts.append(packet)
        if packet.marker:
            self._finish(frames)

    def _finish(self, frames: list[Vp8Frame]) -> None:
        """The parts up to here are a frame, if there are any."""
        if not self._parts:
            return
        content = b"".join(part.payload for part in self._parts)
        keyframe = is_keyframe(content)
        if keyframe:
            self._size = keyframe_size(content)
            self._intact = 0 < self._size[0] * self._size[1] <= MOST_PIXELS
        arrival_us = max(part.arrival_us for part in self._parts)
        timestamp = self._parts[0].timestamp
        frames.append(
            Vp8Frame(self._count, timestamp, arrival_us, content, keyframe, self._intact, *self._size)
        )
        self._count += 1
        self._parts.clear()
        self._whole = False


def frames_of(records: Iterable[Record]) -> Iterator[Vp8Frame]:
    """All complete frames of a video journal, in order."""
    assembler = FrameAssembler()
    for record in records:
        if record.kind == RTP:
            yield from assembler.feed(record.payload, record.arrival_us)
    yield from assembler.flush()
