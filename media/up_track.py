"""One inbound stream: losses, reports, record, and what it is passed on to. The hot path of the relay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from media.codec_names import H264
from media.rtp.entrances import Entrances
from media.rtp.frame_ends import FrameEnds
from media.rtp.h264 import begins_h264_keyframe
from media.rtp.header import abs_send_time
from media.rtp.keyframe import KeyframeRequester, begins_vp8_keyframe
from media.rtp.loss import DUPLICATE, LossRun, LossTracker
from media.rtp.reports import ReceptionStats, SourceClock, StreamClock
from media.rtp.rtcp import Report, SenderReport, build_nack, build_pli
from media.sdp import UpSection
from media.sdp_formats import PayloadFormat

GAP_WINDOW_US = 1_000_000

#: (unwrapped sequence, first byte, marker bit, timestamp, packet, payload offset, now_us, abs-send-time)
Forward = Callable[[int, int, int, int, bytes, int, int, int], None]


class Recorder(Protocol):
    """Takes what arrived, in the order it arrived; cheap, never raises, never waits."""

    def append(self, packet: bytes, arrival_us: int) -> None: ...

    def append_sender_report(self, compound: bytes, arrival_us: int) -> None: ...


class UpTrack:
    """State of one section of an up peer. `send_control` sends RTCP to the sender."""

    def __init__(
        self, section: UpSection, relay_ssrc: int, source_clock: SourceClock, send_control: Callable[[bytes], None]
    ) -> None:
        self.section = section
        self.kind = section.kind
        self.ssrc = 0
        self._set_format(section.formats[0])
        self.losses = LossTracker(self.format.rtx_type is not None)
        self.reception = ReceptionStats(section.clock_rate)
        self.stream_clock = StreamClock(section.clock_rate, source_clock)
        self.keyframes = KeyframeRequester()
        self._entrances = Entrances()
        self.recorder: Recorder | None = None
        self.forwards: list[Forward] = []
        self.packets = 0
        self.bytes = 0
        self.nacks_sent = 0
        self.keyframe_requests = 0
        self.last_us = 0
        #: When the last complete frame came that the frames before it allow to decode.
        self.frame_us = 0
        self._frame_ends = FrameEnds()
        self._is_broken = False
        #: Where a key frame began while something before it was missing: the picture needs nothing from before.
        self._entrance = 0
        self.last_sequence = 0
        self.last_timestamp = 0
        self.on_source_changed: Callable[[UpTrack], None] | None = None
        self._relay_ssrc = relay_ssrc
        self._source_clock = source_clock
        self._send_control = send_control
        self._gap_us = 0
        self._lost_seen = 0

    def adopt(self, ssrc: int, payload_type: int | None = None) -> None:
        """Follow another SSRC: its counters are new, what it is passed on to goes on without a jump."""
        self._begin(ssrc, self.section.find_format(payload_type or self.payload_type) or self.format)

    def switch_codec(self, payload_type: int, sequence: int, now_us: int) -> bool:
        """The sender goes on in another codec that was agreed on: as another source. False where it does not.

        What was sent before the switch and arrives after it is late: it may not switch back.
        """
        wanted = self.section.find_format(payload_type)
        if wanted is None or (self.losses.received and (sequence - self.last_sequence) & 0xFFFF > 0x7FFF):
            return False
        if self.losses.received:
            self.losses.receive(sequence, now_us)  # what is missing before the first of the new codec is of the old one
        self._begin(self.ssrc, wanted)
        return True

    def _begin(self, ssrc: int, payload_format: PayloadFormat) -> None:
        if self.ssrc and self.on_source_changed is not None:
            self.on_source_changed(self)
        self.ssrc = ssrc
        self._set_format(payload_format)
        self.losses = LossTracker(self.format.rtx_type is not None)
        self._lost_seen = 0
        self._is_broken = False
        self._frame_ends.clear()
        self._entrance = 0
        self.reception = ReceptionStats(self.section.clock_rate)
        self.stream_clock = StreamClock(self.section.clock_rate, self._source_clock)

    def _set_format(self, payload_format: PayloadFormat) -> None:
        self.format = payload_format
        self.payload_type = payload_format.payload_type
        self.begins_keyframe = begins_h264_keyframe if payload_format.codec == H264 else begins_vp8_keyframe

    def receive(
        self,
        packet: bytes,
        first: int,
        marker: int,
        sequence: int,
        timestamp: int,
        offset: int,
        now_us: int,
        wall_us: int,
    ) -> None:
        """Hot path: one plain RTP packet, original or repaired."""
        losses = self.losses
        unwrapped = losses.receive(sequence, now_us)
        if unwrapped == DUPLICATE:
            return
        self.packets += 1
        self.bytes += len(packet)
        self.last_us = now_us
        if now_us >= losses.ask_us:
            self._ask(now_us)
        if unwrapped == losses.highest:
            self.last_sequence = unwrapped
            if timestamp != self.last_timestamp:  # packets of one frame leave together: the first is the measure
                self.last_timestamp = timestamp
                self.reception.arrive(timestamp, now_us)
        if losses.missing and self.kind == "video" and self.begins_keyframe(packet, offset):
            self._entrance = max(self._entrance, unwrapped)
        if marker or self._frame_ends:
            self._note_frame(unwrapped, marker, now_us)
        if self.recorder is not None:
            self.recorder.append(packet, wall_us)
        if self.keyframes.wanted and self.begins_keyframe(packet, offset):
            self.keyframes.arrived()
            self._is_broken = False
        if self.forwards:
            sent = abs_send_time(now_us)
            for forward in self.forwards:
                forward(unwrapped, first, marker, timestamp, packet, offset, now_us, sent)

    def take_sender_report(self, report: SenderReport, compound: bytes, now_us: int, wall_us: int) -> None:
        self.reception.sender_report(report, now_us)
        self.stream_clock.sample(report, wall_us)
        if self.recorder is not None:
            self.recorder.append_sender_report(compound, wall_us)

    def request_keyframe(self, now_us: int) -> None:
        if self.kind == "video" and self.keyframes.request(now_us):
            self._send_pli()

    def require_keyframe(self, now_us: int) -> None:
        """What came before is not in the record that begins: its picture is whole from a key frame on."""
        if self.kind == "video":
            self._is_broken = True
            self._frame_ends.clear()
            self.request_keyframe(now_us)

    def request_mend(self, now_us: int) -> None:
        """A viewer cannot go on. A repair that is under way may be all it needs: a key frame costs everybody detail."""
        is_repairing = bool(self.losses.missing) and not self._is_broken
        if self.kind == "video" and self.keyframes.mend(now_us, is_repairing):
            self._send_pli()

    def keep_entrances(self, now_us: int) -> None:
        """About every second: let the record be entered at least every half minute."""
        if self.kind == "video" and self.recorder is not None and self._entrances.due(now_us, self.bytes):
            self.request_keyframe(now_us)

    def ask_tail(self, now_us: int) -> None:
        """Something was lost that may be the end of what came last; nothing of this track has followed yet to tell."""
        sequence = self.losses.suspect(now_us)
        if sequence is not None and self.section.nack:
            self.nacks_sent += 1
            self._send_control(build_nack(self._relay_ssrc, self.ssrc, [sequence]))

    @property
    def is_repairing(self) -> bool:
        """Whether packets or a key frame are being waited for."""
        return bool(self.losses.missing) or self._is_broken or self.keyframes.wanted

    def tick(self, now_us: int) -> None:
        """Every 25 ms while `is_repairing`: ask again; after a loss for good, only a key frame mends the picture."""
        if now_us >= self.losses.ask_us:
            self._ask(now_us)
        if self._is_broken and not self.keyframes.wanted:
            self.request_keyframe(now_us)
        if self.keyframes.wanted and self.keyframes.due(now_us):
            self._send_pli()

    def take_gap(self, now_us: int) -> LossRun | None:
        """At most once a second: what was lost for good since the last time."""
        if self.losses.given_up is None or now_us - self._gap_us < GAP_WINDOW_US:
            return None
        self._gap_us = now_us
        return self.losses.take_given_up()

    def report(self, now_us: int) -> Report | None:
        if not self.losses.received:
            return None
        return self.reception.report(self.ssrc, self.losses, now_us)

    def stats(self) -> dict[str, int | str]:
        return {
            "kind": self.kind,
            "codec": self.format.codec,
            "packets": self.packets,
            "bytes": self.bytes,
            "lost": self.losses.lost,
            "missing": len(self.losses.missing),
            "repaired": self.losses.repaired,
            "nacks_sent": self.nacks_sent,
            "keyframe_requests": self.keyframe_requests,
            "keyframes_withheld": self.keyframes.withheld,
            "rtt_us": self.losses.rtt_us,
            "jitter": self.reception.jitter_16 >> 4,
            "forwards": len(self.forwards),
        }

    def _note_frame(self, unwrapped: int, marker: int, now_us: int) -> None:
        """A frame is complete with its own packets and all that it refers to, of which some may come late."""
        if self._is_broken:
            return
        if marker:
            self._frame_ends.wait(unwrapped)
        if self._frame_ends.take_complete(self.losses.missing, self._entrance):
            self.frame_us = now_us

    def _ask(self, now_us: int) -> None:
        due = self.losses.asks_due(now_us)
        if due and self.section.nack:
            self.nacks_sent += len(due)
            self._send_control(build_nack(self._relay_ssrc, self.ssrc, due))
        if self.losses.lost != self._lost_seen:
            self._lost_seen = self.losses.lost
            if self.kind == "video" and self.losses.lost_until > self._entrance:
                self._is_broken = True
                self._frame_ends.clear()
                self.request_keyframe(now_us)

    def _send_pli(self) -> None:
        if self.ssrc:
            self._entrances.begin(self.last_us, self.bytes)
            self.keyframe_requests += 1
            self._send_control(build_pli(self._relay_ssrc, self.ssrc))
