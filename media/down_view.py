"""Gives one viewer as much of the applicant's picture as its line carries. Nobody else's picture changes by it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from media.down_ladder import Ladder, LineReport, Rung
from media.down_layers import EVERY_LAYER, KEYFRAMES_ONLY
from media.down_repair import CAREFUL_PART, USUAL_PART
from media.down_slot import DownSlot
from media.down_video_slot import VideoSlot
from media.events import ViewService
from media.reencode_port import Reencoders, SmallCopy
from media.up_track import UpTrack

#: The rate that is sent is taken over so many ticks of a second.
MEASURED_TICKS = 3
#: RTP header and extension before each payload, which a browser counts in its REMB.
PACKET_OVERHEAD_BYTES = 20
#: A viewer that gets key frames only causes one this often: each of them costs everybody some sharpness.
KEYFRAME_EVERY_US = 5_000_000
#: A copy that ended by itself is not started anew before this.
RESTART_AFTER_US = 10_000_000


class DownView:
    """Owner of the viewer's place on the ladder and of its small copy.

    slots: all that this viewer is sent, `slot` the picture. now_us: the relay's clock.
    """

    def __init__(
        self, slot: VideoSlot, slots: Iterable[DownSlot], reencoders: Reencoders | None, now_us: Callable[[], int]
    ) -> None:
        self.served: ViewService = "full"
        self._told: ViewService = "full"
        self._slot = slot
        self._slots = list(slots)
        self._reencoders = reencoders
        self._ladder = Ladder()
        self._sent: deque[tuple[int, int]] = deque(maxlen=MEASURED_TICKS + 1)
        self._copy: SmallCopy | None = None
        self._fed: UpTrack | None = None
        self._codec = ""
        self._keyframe_us: int | None = None
        self._failed_us: int | None = None
        self._now_us = now_us

    def tick(self, allowed_bits_per_s: int, fraction_lost: float | None) -> None:
        """About every second. The viewer's REMB (0 without) and the loss that it reported since, if any."""
        now_us = self._now_us()
        sent = self._measure(now_us)
        if self._slot.source is None or sent is None:
            self._stop_copy()
            return
        layers = self._slot.count_layers()
        rung = self._ladder.observe(LineReport(now_us, allowed_bits_per_s, fraction_lost, sent, layers))
        crowded = rung is not Rung.FULL or 0 < allowed_bits_per_s < sent
        for slot in self._slots:
            slot.repair.part = CAREFUL_PART if crowded else USUAL_PART
        if rung is Rung.SMALL:
            self._serve_small(self._slot.source, now_us)
        else:
            self._stop_copy()
            limit = {Rung.FULL: EVERY_LAYER, Rung.FEWER: layers - 2, Rung.FEW: 0}[rung]
            self._slot.set_limit(limit)
            self.served = "full" if rung is Rung.FULL else "fewer_frames"

    def take_change(self) -> ViewService | None:
        """What is served now, once after each change."""
        if self.served == self._told:
            return None
        self._told = self.served
        return self.served

    def close(self) -> None:
        """End the small copy. Idempotent."""
        self._stop_copy()

    def _measure(self, now_us: int) -> int | None:
        """Bits a second that were sent over the last ticks, None before the second one."""
        octets = sum(slot.octets + slot.packets * PACKET_OVERHEAD_BYTES for slot in self._slots)
        self._sent.append((now_us, octets))
        (first_us, first), (last_us, last) = self._sent[0], self._sent[-1]
        return (last - first) * 8_000_000 // (last_us - first_us) if last_us > first_us else None

    def _serve_small(self, source: UpTrack, now_us: int) -> None:
        """The small copy where it is there, key frames until then."""
        self._check_copy(source, now_us)
        if self._copy is None and self._may_start(now_us):
            self._start_copy(source)
        if self._copy is not None and self._slot.substitute is self._copy:
            self._copy.set_rate(self._ladder.small_bits_per_s)
            return
        self.served = "key_frames"
        self._slot.set_limit(KEYFRAMES_ONLY)
        if self._keyframe_us is None or now_us - self._keyframe_us >= KEYFRAME_EVERY_US:
            self._ask_keyframe()

    def _check_copy(self, source: UpTrack, now_us: int) -> None:
        """A copy whose process has gone, or whose source has changed, is none."""
        copy = self._copy
        if copy is None:
            return
        replaced = self.served == "small" and self._slot.substitute is not copy
        if copy.ended:
            self._failed_us = now_us
        if copy.ended or replaced or self._fed is not source or self._codec != source.format.codec:
            self._stop_copy()

    def _may_start(self, now_us: int) -> bool:
        return self._failed_us is None or now_us - self._failed_us >= RESTART_AFTER_US

    def _start_copy(self, source: UpTrack) -> None:
        if self._reencoders is None:
            return
        codec, bits_per_s = source.format.codec, self._ladder.small_bits_per_s
        copy = self._reencoders.start(codec, bits_per_s, self._deliver, self._ask_keyframe)
        if copy is not None:
            self._copy, self._fed, self._codec = copy, source, codec
            self._keyframe_us = self._now_us()  # the copy asks for one itself as soon as it can take it
            source.forwards.append(copy.feed)

    def _stop_copy(self) -> None:
        copy, self._copy = self._copy, None
        fed, self._fed = self._fed, None
        if copy is None or fed is None:
            return
        fed.forwards.remove(copy.feed)
        copy.close()
        if self._slot.substitute is copy:
            self._slot.end_substitute(self._now_us())

    def _deliver(self, sequence: int, marker: int, timestamp: int, packet: bytes) -> None:
        copy = self._copy
        if copy is None:
            return
        if self._slot.substitute is not copy:
            if self.served == "small" or not self._slot.begin_substitute(copy, self._now_us()):
                return
            self._slot.set_limit(EVERY_LAYER)
            self.served = "small"
        self._slot.forward_substitute(sequence, marker, timestamp, packet, self._now_us())

    def _ask_keyframe(self) -> None:
        self._keyframe_us = now_us = self._now_us()
        if self._slot.source is not None:
            self._slot.source.request_keyframe(now_us)


def make_view(slots: list[DownSlot], reencoders: Reencoders | None, now_us: Callable[[], int]) -> DownView | None:
    """The view of whoever is sent a picture."""
    slot = next((slot for slot in slots if isinstance(slot, VideoSlot)), None)
    return DownView(slot, slots, reencoders, now_us) if slot is not None else None
