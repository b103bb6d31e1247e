"""A participant's receiving connection: fixed slots out, feedback of the receiver in."""

from __future__ import annotations

import random
from typing import Any

from media.budget import Budget, Credit
from media.config import RelayConfig
from media.down_slot import DownSlot
from media.down_video_slot import PictureSource, VideoSlot
from media.down_view import make_view
from media.events import TrackKind
from media.guard import MAX_CONTROL_PER_S
from media.peer import Peer, PeerIdentity, PeerWatch
from media.reencode_port import Reencoders
from media.relay_clock import RelayClock
from media.rtp.line_loss import LineLoss
from media.rtp.reports import round_trip_us
from media.rtp.rtcp import KeyframeRequest, Nack, ReceiverReport, Remb, parse_compound
from media.sdp import DownAnswer, DownSection

VOICE_SLOTS = 3
#: Sequence numbers that a receiver may ask for again: five times what a call sends.
MAX_NACKED_PER_S = 1500
#: A browser that waits for a key frame asks five times a second, for each of two reasons.
MAX_KEYFRAME_REQUESTS_PER_S = 20
STORMY_AFTER_S = 3
#: Key frames that one receiver can cause. Every one of them costs all receivers some sharpness.
KEYFRAMES_AT_ONCE, KEYFRAME_INTERVAL_US = 8, 2_000_000


def plan_slots(role: str, session_id: str) -> list[DownSection]:
    """The slots of a down offer: the applicant's picture and voice for inspectors, three more voices for everybody."""
    streams = [("video", "applicant"), ("audio", "applicant")] if role == "inspector" else []
    streams += [("audio", f"voice-{index + 1}") for index in range(VOICE_SLOTS)]
    ssrcs = iter(random.sample(range(1, 1 << 32), 2 * len(streams)))
    return [
        DownSection(
            str(mid), kind, stream, f"{stream}@{session_id[:8]}", next(ssrcs), next(ssrcs) if kind == "video" else None
        )
        for mid, (kind, stream) in enumerate(streams)
    ]


class DownPeer(Peer):
    """Sends what its slots carry and answers the receiver's requests."""

    def __init__(
        self,
        identity: PeerIdentity,
        config: RelayConfig,
        clock: RelayClock,
        watch: PeerWatch,
        reencoders: Reencoders | None = None,
    ) -> None:
        super().__init__(identity, config, clock, watch)
        sections = plan_slots(identity.role, identity.session_id)
        self.slots = [self._make_slot(section) for section in sections]
        self.view = make_view(self.slots, reencoders, clock.now_us)
        self.voices: dict[str, DownSlot] = {}
        self._control = Budget(MAX_CONTROL_PER_S, clock.now_us)
        self._nacked = Budget(MAX_NACKED_PER_S, clock.now_us)
        self._requests = Budget(MAX_KEYFRAME_REQUESTS_PER_S, clock.now_us)
        self._keyframes = Credit(KEYFRAMES_AT_ONCE, KEYFRAME_INTERVAL_US)
        self.remb_bits_per_s = 0
        self._line_loss = {slot.section.ssrc: LineLoss() for slot in self.slots}
        self._by_ssrc = {slot.section.ssrc: slot for slot in self.slots}

    def accept(self, answer: DownAnswer) -> None:
        for slot in self.slots:
            taken = answer.sections.get(slot.section.mid)
            if taken is not None:
                slot.accept(taken)

    def slot_for(self, role: str, participant_id: str, kind: str) -> DownSlot | None:
        """The slot that carries this participant's stream here, None where there is none (or none left)."""
        if role == "applicant":
            return next((s for s in self.slots if s.section.stream == "applicant" and s.section.kind == kind), None)
        if kind != "audio":
            return None
        if participant_id not in self.voices:
            free = self._free_voice()
            if free is None:
                return None
            self.voices = {known: slot for known, slot in self.voices.items() if slot is not free}
            self.voices[participant_id] = free
        return self.voices[participant_id]

    def on_connected(self) -> None:
        """The room connects the slots."""

    def take_datagram(self, data: bytes) -> None:
        if not 191 < data[1] < 224:
            return
        if not self._control.take():
            self.counters.control_flood += 1
            return
        compound = self._unprotect_rtcp(data)  # type: ignore[misc]
        now_us = self.clock.now_us()
        self.last_heard_us = now_us
        self.note_control_ssrc(compound)
        for item in parse_compound(compound):
            if isinstance(item, Nack):
                self._answer_nack(item, now_us)
            elif isinstance(item, KeyframeRequest):
                self._pass_keyframe_request(item, now_us)
            elif isinstance(item, Remb):
                self.remb_bits_per_s = item.bitrate
            elif isinstance(item, ReceiverReport):
                self._take_reports(item)

    def send_reports(self, wall_us: int) -> None:
        """About every second."""
        for slot in self.slots:
            slot.send_report(wall_us)
        if self.view is not None and self.connected:
            line = next(self._line_loss[slot.section.ssrc] for slot in self.slots if slot.kind == "video")
            self.view.tick(self.remb_bits_per_s, line.take_fraction())

    async def aclose(self) -> None:
        if self.view is not None:
            self.view.close()
        await super().aclose()

    def stats(self) -> dict[str, Any]:
        return {
            "remb_bits_per_s": self.remb_bits_per_s,
            "view": self.view.served if self.view is not None else "",
            "slots": [slot.stats() for slot in self.slots],
            "guard": self.guard_counters,
        }

    def take_refusals(self) -> list[tuple[TrackKind, str]]:
        """(kind, codec) of streams that this receiver turned out to have no codec for, each once."""
        found = [(slot.kind, codec) for slot in self.slots if (codec := slot.take_refusal()) is not None]
        return found

    def _make_slot(self, section: DownSection) -> DownSlot:
        make = VideoSlot if section.kind == "video" else DownSlot
        return make(section, self.send_media, self.send_control)

    def _free_voice(self) -> DownSlot | None:
        """A voice slot that was nobody's yet, else one whose owner is away."""
        voices = [slot for slot in self.slots if slot.section.stream.startswith("voice")]
        taken = list(self.voices.values())
        return next((s for s in voices if s not in taken), None) or next((s for s in voices if s.source is None), None)

    def _take_reports(self, item: ReceiverReport) -> None:
        wall_us = self.clock.wall_us()
        for report in item.reports:
            slot = self._by_ssrc.get(report.ssrc)
            if slot is None:
                continue
            self._line_loss[report.ssrc].take(report, *slot.holes())
            sample_us = round_trip_us(report, wall_us)
            if sample_us is not None:
                slot.repair.note_round_trip(sample_us)

    def _answer_nack(self, nack: Nack, now_us: int) -> None:
        slot = self._by_ssrc.get(nack.media_ssrc)
        if slot is None:
            return
        if self._nacked.take(len(nack.sequences)):
            slot.resend(nack.sequences, now_us)
        else:
            self.counters.nack_storm += len(nack.sequences)

    def _pass_keyframe_request(self, request: KeyframeRequest, now_us: int) -> None:
        """No browser asks more than a few times a second; whoever does would spoil everybody's picture."""
        stormy = not self._requests.take() or self._requests.is_over(STORMY_AFTER_S)
        for source in self._sources_of(request.media_ssrcs):
            if stormy:
                self.counters.keyframe_storm += 1
            elif source.keyframes.wanted:
                continue  # asked for already, and asked again until it comes
            elif self._keyframes.take(now_us):
                source.request_mend(now_us)
            else:
                self.counters.keyframe_storm += 1

    def _sources_of(self, ssrcs: list[int]) -> list[PictureSource]:
        slots = [slot for ssrc in set(ssrcs) if (slot := self._by_ssrc.get(ssrc)) is not None]
        return [slot.asked for slot in slots if isinstance(slot, VideoSlot) and slot.asked is not None]
