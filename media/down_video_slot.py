"""A slot of video: for receivers that are sent less than everything, and for sources that follow one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from media.codec_names import VP8
from media.down_gate import KeyframeGate
from media.down_layers import EVERY_LAYER, FILL, KEYFRAMES_ONLY, DownLayers
from media.down_slot import EXTENSION_HEAD, DownSlot
from media.rtp.header import (
    HEADER,
    HEADER_BYTES,
    HEADER_WITH_EXTENSION,
    ONE_WORD_EXTENSION,
    abs_send_time,
    payload_offset,
)
from media.rtp.keyframe import KeyframeRequester, begins_vp8_keyframe
from media.rtp.picture_numbers import Numbers
from media.rtp.vp8 import parse_descriptor
from media.sdp import DownSection
from media.up_track import Forward, UpTrack

#: Every so many packets of the history are looked at for layers.
SAMPLE_EVERY = 31


class PictureSource(Protocol):
    """Who is asked for a key frame."""

    keyframes: KeyframeRequester

    def request_keyframe(self, now_us: int) -> None: ...

    def request_mend(self, now_us: int) -> None: ...


class Substitute(PictureSource, Protocol):
    """A VP8 stream that is sent in a source's place, with the source's timestamps. Sequence numbers are unwrapped."""

    last_sequence: int
    last_timestamp: int


class VideoSlot(DownSlot):
    """Takes the short way (`forward`) until something is to be left out or a source follows another.

    From then on `_forward_numbered` renumbers sequence and pictures, so that a receiver sees no hole. Another source
    begins with a key frame: nothing that is sent refers to pictures of the source before.
    """

    def __init__(
        self, section: DownSection, send_media: Callable[[bytes], None], send_control: Callable[[bytes], None]
    ) -> None:
        super().__init__(section, send_media, send_control)
        self.left_out = 0
        self.limit = EVERY_LAYER
        self.substitute: Substitute | None = None
        self._gate = KeyframeGate()
        self._layers: DownLayers | None = None
        self._layer_count = 1

    @property
    def asked(self) -> PictureSource | None:
        """Who makes the key frames that this receiver asks for. Where it gets nothing else, they come by themselves."""
        if self.substitute is not None:
            return self.substitute
        return None if self.limit == KEYFRAMES_ONLY else self.source

    def connect(self, source: UpTrack, now_us: int) -> None:
        if self.source is None and self.packets:
            self._tap = self._forward_gated
        super().connect(source, now_us)
        self.set_limit(self.limit)

    def disconnect(self, now_us: int) -> None:
        super().disconnect(now_us)
        if self.packets:
            self._tap = self._forward_gated

    def pause(self, source: UpTrack, now_us: int) -> None:
        self._layer_count = 1
        self._join_next(source, now_us)

    def set_limit(self, limit: int) -> None:
        """The highest temporal layer that is sent from now on, or key frames only (see `DownLayers`)."""
        self.limit = limit
        if self._layers is not None:
            self._layers.limit = limit
        elif limit != EVERY_LAYER and self.source is not None and self._tap == self.forward:
            newest = self.source.last_sequence + self._continuity.sequence_offset
            self._number(self._last_numbers(newest), joins_on=False)
            self._retap(self._forward_numbered)

    def begin_substitute(self, substitute: Substitute, now_us: int) -> bool:
        """Send this stream in the source's place, by `forward_substitute`. False where the receiver has no VP8."""
        source = self.source
        if source is None or VP8 not in self._types:
            return False
        self._settle(source, now_us)
        self._retap(self._hold)
        self.count_layers()
        self.substitute = substitute
        self._number_next()
        return True

    def end_substitute(self, now_us: int) -> None:
        """The source again, from its next key frame on. Idempotent."""
        source = self.source
        if self.substitute is not None and source is not None:
            self._join_next(source, now_us)
            source.request_keyframe(now_us)

    def forward_substitute(self, sequence: int, marker: int, timestamp: int, packet: bytes, now_us: int) -> None:
        """One packet of the substitute, its payload behind a plain header."""
        if self.substitute is not None:
            sent = abs_send_time(now_us)
            self._forward_numbered(sequence, 0x80, marker, timestamp, packet, HEADER_BYTES, now_us, sent)

    def holes(self) -> tuple[int, int]:
        return super().holes() if self.substitute is None else (0, id(self.substitute))

    def count_layers(self) -> int:
        """Temporal layers that can be left out of the source, by what its packets said so far; at least 1."""
        if self._layers is not None and self.substitute is None:
            self._layer_count = max(self._layer_count, self._layers.highest_layer + 1)
        elif self._payload_type == self._types.get(VP8) and self.substitute is None:
            packets = [packet for packet in self._history[::SAMPLE_EVERY] if packet]
            found = [d for packet in packets if (d := parse_descriptor(packet, payload_offset(packet))) is not None]
            self._layer_count = max([self._layer_count, *(d.temporal_id + 1 for d in found if d.is_layered)])
        return min(self._layer_count, 3)

    def stats(self) -> dict[str, int | str | bool]:
        limit = "substitute" if self.substitute is not None else self.limit
        return super().stats() | {"left_out": self.left_out, "layers": self.count_layers(), "limit": limit}

    def _join_next(self, source: UpTrack, now_us: int) -> None:
        """Wait for a key frame of whatever comes next."""
        self._settle(self.substitute or source, now_us)
        self.substitute = None
        if self.packets:
            self._gate.close()
            self._retap(self._forward_gated)

    def _forward_gated(
        self, sequence: int, first: int, marker: int, timestamp: int, packet: bytes, offset: int, now_us: int, sent: int
    ) -> None:
        """Wait for a key frame; what overtook its first packet is not lost."""
        source = self.source
        if source is None:
            return
        waiting = (first, marker, timestamp, packet, offset)
        if not self._gate.take(sequence, waiting, source.begins_keyframe(packet, offset), now_us):
            return
        self._number_next()
        self._retap(self._forward_numbered)
        for number, packet_waiting in self._gate.release(sequence):
            self._forward_numbered(number, *packet_waiting, now_us, sent)

    def _forward_numbered(
        self, sequence: int, first: int, marker: int, timestamp: int, packet: bytes, offset: int, now_us: int, sent: int
    ) -> None:
        """Pass on what this receiver is to have."""
        layers = self._layers
        if layers is None or not self._is_due(sequence, timestamp, now_us):
            return
        passed = layers.take(sequence, timestamp, packet, offset)
        if passed is None:
            self.left_out += 1
        elif passed[1] is FILL:
            self._send(sequence - passed[0], 0x20, 0, timestamp, FILL, sent)
        else:
            self._send(sequence - passed[0], first & 0x20, marker, timestamp, passed[1], sent)

    def _hold(
        self, sequence: int, first: int, marker: int, timestamp: int, packet: bytes, offset: int, now_us: int, sent: int
    ) -> None:
        """The substitute is sent in this packet's place."""
        self.left_out += 1

    def _is_due(self, sequence: int, timestamp: int, now_us: int) -> bool:
        """Whether the packet belongs to what is passed on now; the first one sets the offsets."""
        if not self._rebase:
            return sequence >= self._continuity.first_sequence
        if not self._take_codec():
            return False
        self._rebase = False
        self._continuity.rebase(sequence, timestamp, now_us)
        return True

    def _take_codec(self) -> bool:
        if self.substitute is None:
            return super()._take_codec()
        self._payload_type = self._types[VP8]
        return True

    def _send(self, sequence: int, padding: int, marker: int, timestamp: int, payload: bytes, sent: int) -> None:
        """As `forward` does, which is written out for speed. `sequence` and `timestamp` as the source counts."""
        out_sequence = (sequence + self._continuity.sequence_offset) & 0xFFFF
        out_timestamp = (timestamp + self._continuity.timestamp_offset) & 0xFFFFFFFF
        head = (0x80 | padding, marker | self._payload_type, out_sequence, out_timestamp, self.section.ssrc)
        if self._abs_send_time:
            extended = (0x10 | head[0], *head[1:], ONE_WORD_EXTENSION, EXTENSION_HEAD | sent)
            out = HEADER_WITH_EXTENSION.pack(*extended) + payload
        else:
            out = HEADER.pack(*head) + payload
        self._history[out_sequence & self._mask] = out
        self.packets += 1
        self.octets += len(payload)
        self._send_media(out)

    def _settle(self, source: UpTrack | Substitute, now_us: int) -> None:
        """What comes next is joined on to what has been sent."""
        if not self._rebase:
            left_out = self._layers.sequence.left_out if self._layers is not None else 0
            came_us = source.last_us if isinstance(source, UpTrack) and source.last_us else now_us
            self._continuity.settle(source.last_sequence - left_out, source.last_timestamp, came_us)
            self._rebase = True

    def _number(self, last: Numbers | None, *, joins_on: bool) -> None:
        """Leave out and renumber from now on, after the pictures up to `last`."""
        source = self.source
        if self.substitute is not None or source is None:
            self._layers = DownLayers(True, begins_vp8_keyframe, last, joins_on=joins_on)
            return
        self._layers = DownLayers(source.format.codec == VP8, source.begins_keyframe, last, joins_on=joins_on)
        self._layers.limit = self.limit

    def _number_next(self) -> None:
        """What comes next goes on after what was sent, and needs nothing of that any more."""
        self._number(self._last_numbers(self._continuity.last_sequence), joins_on=True)
        self._history = [b""] * len(self._history)

    def _last_numbers(self, newest: int) -> Numbers | None:
        """PictureID and TL0PICIDX that were sent last, up to this sequence number, None without VP8 pictures."""
        for back in range(self._mask):
            packet = self._history[(newest - back) & self._mask]
            if not packet or packet[1] & 127 != self._types.get(VP8):
                continue
            descriptor = parse_descriptor(packet, payload_offset(packet))
            if descriptor is not None and descriptor.picture_id >= 0:
                return descriptor.picture_id, max(descriptor.tl0, 0)
        return None

    def _retap(self, tap: Forward) -> None:
        """Take the source's packets by another way from now on."""
        if self.source is not None:
            forwards = self.source.forwards
            forwards[forwards.index(self._tap)] = tap
        self._tap = tap
