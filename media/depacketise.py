"""From RTP packets back to encoded frames, tolerant of loss and reordering. Pure: depends on its input alone.

So the number of a frame is a property of the journal: whoever reads the same records counts the same frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from media.frame_codecs import FrameCodec, Part, codec_of
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
class EncodedFrame:
    """One complete frame as the sender encoded it.

    index: counted over the complete frames of the track from 0. arrival_us: when its last packet arrived.
    content: a VP8 frame, or an H.264 access unit with start codes. decodable: nothing since the last key frame is
    missing, and its size is a possible one. width and height: of the last key frame, 0 before one. units: of H.264, the
    NAL units as they were sent, without what was added to `content`.
    """

    index: int
    rtp_timestamp: int
    arrival_us: int
    content: bytes
    keyframe: bool
    decodable: bool
    width: int
    height: int
    units: tuple[bytes, ...] = ()

    @property
    def too_large(self) -> bool:
        """Whether it belongs to pictures that are larger than is decoded here."""
        return self.width * self.height > MOST_PIXELS


@dataclass(slots=True)
class _Packet:
    timestamp: int
    arrival_us: int
    marker: bool
    begins: bool
    part: Part


class FrameAssembler:
    """Takes packets in order of arrival, gives frames in order of the sender."""

    def __init__(self, codec: str = "VP8") -> None:
        """Raises KeyError for a codec that has no pictures."""
        self._codec: FrameCodec = codec_of(codec)
        self._waiting: dict[int, _Packet | None] = {}
        self._next = -1
        self._highest = 0
        self._ssrc = -1
        self._timestamp: int | None = None
        self._stuck_us = 0
        self._parts: list[_Packet] = []
        self._whole = False
        self._intact = False
        self._ended: tuple[int, bool] | None = None
        self._size = (0, 0)
        self._count = 0

    @property
    def count(self) -> int:
        """Complete frames until now: the index of the next one."""
        return self._count

    def checkpoint(self) -> dict[str, Any] | None:
        """What `resume` needs to go on from here as if everything before had been read; None within a frame."""
        if self._waiting or self._parts:
            return None
        return {
            "next": self._next,
            "highest": self._highest,
            "ssrc": self._ssrc,
            "timestamp": self._timestamp,
            "whole": self._whole,
            "intact": self._intact,
            "ended": self._ended,
            "size": self._size,
            "count": self._count,
            "codec": self._codec.kept(),
        }

    def resume(self, checkpoint: dict[str, Any]) -> None:
        """Raises KeyError, TypeError or ValueError for what is no checkpoint."""
        self._next, self._highest = int(checkpoint["next"]), int(checkpoint["highest"])
        self._ssrc, self._timestamp = int(checkpoint["ssrc"]), checkpoint["timestamp"]
        self._whole, self._intact = bool(checkpoint["whole"]), bool(checkpoint["intact"])
        self._ended = (int(checkpoint["ended"][0]), bool(checkpoint["ended"][1])) if checkpoint["ended"] else None
        self._size = (int(checkpoint["size"][0]), int(checkpoint["size"][1]))
        self._count = int(checkpoint["count"])
        self._codec.keep(checkpoint["codec"])
        self._waiting.clear()
        self._parts.clear()

    def feed(self, packet: bytes, arrival_us: int) -> list[EncodedFrame]:
        """The frames that this packet completes. A malformed packet counts as lost."""
        try:
            sequence, parsed = self._parse(packet, arrival_us)
        except ValueError:
            return []
        frames: list[EncodedFrame] = []
        if sequence < self._next:
            return frames
        if not self._waiting:
            self._stuck_us = arrival_us
        self._waiting[sequence] = parsed
        self._advance(frames)
        while self._waiting and self._waited_enough(arrival_us):
            self._skip(frames)
        return frames

    def flush(self) -> list[EncodedFrame]:
        """The frames that are whole although packets before them never came."""
        frames: list[EncodedFrame] = []
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
        begins, part = self._codec.unpack(packet[offset:])
        return sequence, _Packet(timestamp, arrival_us, packet[1] >= 0x80, begins, part)

    def _restart(self, ssrc: int, sequence: int) -> None:
        self._ssrc = ssrc
        self._next = self._highest = sequence
        self._waiting.clear()
        self._parts.clear()
        self._codec.restart()
        self._lose_track()

    def _lose_track(self) -> None:
        """Nothing is known of what came right before."""
        self._whole = self._intact = False
        self._ended = None

    def _waited_enough(self, now_us: int) -> bool:
        return now_us - self._stuck_us > WAIT_US or len(self._waiting) > WAIT_PACKETS

    def _advance(self, frames: list[EncodedFrame]) -> None:
        """Take what follows without a hole."""
        while self._next in self._waiting:
            packet = self._waiting.pop(self._next)
            self._next += 1
            if packet is not None:
                self._join(packet, frames)
        self._stuck_us = min((each.arrival_us for each in self._waiting.values() if each), default=self._stuck_us)

    def _skip(self, frames: list[EncodedFrame]) -> None:
        """Give up the hole before the earliest packet that waits: what depends on it is not decodable."""
        self._next = min(self._waiting)
        self._parts.clear()
        self._lose_track()
        self._advance(frames)

    def _join(self, packet: _Packet, frames: list[EncodedFrame]) -> None:
        begins = packet.begins or self._follows_an_end(packet)
        self._ended = (packet.timestamp, packet.marker)
        if begins and (not self._parts or packet.timestamp != self._parts[0].timestamp):
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

    def _follows_an_end(self, packet: _Packet) -> bool:
        """Whether the codec says so by this: the packet right before was the last of a frame, or of another one."""
        if not self._codec.follows_ends or self._ended is None:
            return False
        return self._ended[1] or self._ended[0] != packet.timestamp

    def _finish(self, frames: list[EncodedFrame]) -> None:
        """The parts up to here are a frame, if there are any."""
        if not self._parts:
            return
        joined = self._codec.join([part.part for part in self._parts])
        if joined.size is not None:
            self._size = joined.size
            self._intact = 0 < self._size[0] * self._size[1] <= MOST_PIXELS
        arrival_us = max(part.arrival_us for part in self._parts)
        timestamp, keyframe = self._parts[0].timestamp, joined.size is not None
        about = (self._count, timestamp, arrival_us, joined.content, keyframe, self._intact, *self._size)
        frames.append(EncodedFrame(*about, joined.units))
        self._count += 1
        self._parts.clear()
        self._whole = False


def frames_of(records: Iterable[Record], codec: str = "VP8") -> Iterator[EncodedFrame]:
    """All complete frames of a video journal, in order. Raises KeyError for a codec that has no pictures."""
    assembler = FrameAssembler(codec)
    for record in records:
        if record.kind == RTP:
            yield from assembler.feed(record.payload, record.arrival_us)
    yield from assembler.flush()
