"""A participant's sending connection: what arrives, sorted to its tracks; feedback to the sender."""

from __future__ import annotations

import random
from typing import Any

from media.budget import Budget, Credit
from media.config import RelayConfig
from media.guard import MAX_CONTROL_PER_S
from media.peer import Peer, PeerIdentity, PeerWatch
from media.relay_clock import RelayClock
from media.rtp.header import HEADER, find_extension, payload_offset
from media.rtp.reports import SourceClock
from media.rtp.rtcp import SenderReport, build_receiver_report, build_remb, parse_compound
from media.rtp.rtx import unwrap_rtx
from media.rtp.transport_cc import TransportCcRecorder
from media.sdp import MAX_SSRCS, UpOffer, UpSection
from media.up_rate import UpRate
from media.up_track import UpTrack

#: New SSRCs and codecs of all tracks: a sender that starts anew needs a few at once.
SOURCE_CHANGES_AT_ONCE, SOURCE_CHANGE_US = 8, 10_000_000


class UpPeer(Peer):
    """Takes SRTP, gives feedback. `tracks` are one per section, audio and video."""

    def __init__(
        self, identity: PeerIdentity, config: RelayConfig, clock: RelayClock, watch: PeerWatch, offer: UpOffer
    ) -> None:
        super().__init__(identity, config, clock, watch)
        self.offer = offer
        self.relay_ssrc = random.randrange(1, 1 << 32)
        source_clock = SourceClock()
        self.tracks = [UpTrack(section, self.relay_ssrc, source_clock, self.send_control) for section in offer.taken]
        self.media_us = 0
        self._control = Budget(MAX_CONTROL_PER_S, clock.now_us)
        self._changes = Credit(SOURCE_CHANGES_AT_ONCE, SOURCE_CHANGE_US)
        self._by_ssrc: dict[int, UpTrack] = {}
        self._rtx: dict[int, UpTrack] = {}
        self._wide = TransportCcRecorder()
        self._wide_id = next((s.transport_cc_id for s in offer.taken if s.transport_cc_id is not None), None)
        self._wide_mark = bytes([(self._wide_id or 0) << 4 | 1])
        wants_remb = self._wide_id is None and any(s.remb for s in offer.taken)
        self._rate = UpRate() if wants_remb else None
        for track in self.tracks:
            self._learn_described(track, track.section)

    def find_track(self, kind: str) -> UpTrack | None:
        return next((track for track in self.tracks if track.kind == kind), None)

    def request_keyframe(self, now_us: int) -> None:
        for track in self.tracks:
            track.request_keyframe(now_us)

    def on_connected(self) -> None:
        """Nothing to do: the sender begins."""

    def take_datagram(self, data: bytes) -> None:
        if 191 < data[1] < 224:
            self._take_control(data)
            return
        packet = self._unprotect(data)  # type: ignore[misc]
        now_us = self.clock.now_us()
        self.last_heard_us = now_us
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
        offset = 12
        if first & 31:
            offset = payload_offset(packet)
            if first & 16 and self._wide_id is not None:
                at = 12 + ((first & 15) << 2)
                if packet[at + 4 : at + 5] == self._wide_mark and packet[at] == 0xBE and len(packet) > at + 6:
                    skipped = self._wide.receive(packet[at + 5] << 8 | packet[at + 6], now_us)
                else:
                    skipped = self._search_transport_sequence(packet, now_us)
                if skipped:
                    self._suspect_tail(ssrc, sequence, skipped, now_us)
        track = self._by_ssrc.get(ssrc)
        if track is not None and second & 127 == track.payload_type:
            self.media_us = now_us
            track.receive(
                packet, first, second & 0x80, sequence, timestamp, offset, now_us, now_us + self.clock.wall_offset_us
            )
        elif track is not None:
            if self._switch_codec(track, second & 127, sequence, now_us):
                self._route_learned(packet, ssrc, now_us)
        elif ssrc in self._rtx:
            self._take_repair(self._rtx[ssrc], packet, now_us)
        elif self._learn(ssrc, second & 127, now_us):
            self._route_learned(packet, ssrc, now_us)
        else:
            self.refuse_ssrc(ssrc)

    def tick(self, now_us: int) -> None:
        for track in self.tracks:
            track.tick(now_us)

    def send_transport_feedback(self) -> None:
        """About every 100 ms."""
        if self._wide_id is not None:
            for message in self._wide.take_feedback(self.relay_ssrc, self._media_ssrc()):
                self.send_control(message)

    def send_reports(self, now_us: int) -> None:
        """About every second."""
        reports = [report for track in self.tracks if (report := track.report(now_us)) is not None]
        if not reports:
            return
        compound = build_receiver_report(self.relay_ssrc, reports)
        if self._rate is not None:
            bits_per_s = self._rate.update(now_us, self.tracks)
            compound += build_remb(self.relay_ssrc, bits_per_s, [report.ssrc for report in reports])
        self.send_control(compound)

    def stats(self) -> dict[str, Any]:
        return {
            "transport_cc": self._wide_id is not None,
            "tracks": [track.stats() for track in self.tracks],
            "guard": self.guard_counters,
        }

    def _search_transport_sequence(self, packet: bytes, now_us: int) -> int:
        """How many numbers were skipped, where the extension is not the first element."""
        value = find_extension(packet, self._wide_id or 0)
        if value is not None and len(value) == 2:
            return self._wide.receive(value[0] << 8 | value[1], now_us)
        if value is not None:
            self.counters.extension_malformed += 1
        return 0

    def _suspect_tail(self, ssrc: int, sequence: int, skipped: int, now_us: int) -> None:
        """Voice has come and packets before it have not. What its own numbers do not explain was picture, of which the
        next packet may be a frame's time away: ask for it now.
        """
        voice = self._by_ssrc.get(ssrc)
        if voice is None or voice.kind != "audio" or skipped <= voice.losses.count_skipped(sequence):
            return
        for track in self.tracks:
            if track.kind == "video":
                track.ask_tail(now_us)

    def _take_repair(self, track: UpTrack, packet: bytes, now_us: int) -> None:
        if packet[1] & 127 != track.format.rtx_type:
            self.counters.payload_type_unknown += 1
            return
        original = unwrap_rtx(packet, track.ssrc, track.payload_type)
        if original is not None and track.ssrc and track.losses.received:
            first, second, sequence, timestamp, _ = HEADER.unpack_from(original)
            track.losses.resent(sequence, now_us)
            track.receive(
                original,
                first,
                second & 0x80,
                sequence,
                timestamp,
                payload_offset(original),
                now_us,
                now_us + self.clock.wall_offset_us,
            )

    def _take_control(self, data: bytes) -> None:
        if not self._control.take():
            self.counters.control_flood += 1
            return
        compound = self._unprotect_rtcp(data)  # type: ignore[misc]
        now_us = self.clock.now_us()
        self.last_heard_us = now_us
        self.note_control_ssrc(compound)
        for item in parse_compound(compound):
            if isinstance(item, SenderReport) and item.ssrc in self._by_ssrc:
                wall_us = now_us + self.clock.wall_offset_us
                self._by_ssrc[item.ssrc].take_sender_report(item, compound, now_us, wall_us)

    def _media_ssrc(self) -> int:
        return next((track.ssrc for track in reversed(self.tracks) if track.ssrc), 0)

    def _learn_described(self, track: UpTrack, section: UpSection) -> None:
        if section.ssrcs:
            track.adopt(section.ssrcs[0])
            self._by_ssrc[section.ssrcs[0]] = track
        for rtx_ssrc in section.rtx_ssrcs:
            self._rtx[rtx_ssrc] = track

    def _switch_codec(self, track: UpTrack, payload_type: int, sequence: int, now_us: int) -> bool:
        if track.section.find_format(payload_type) is None:
            self.counters.payload_type_unknown += 1
            return False
        return self._may_change(now_us) and track.switch_codec(payload_type, sequence, now_us)

    def _learn(self, ssrc: int, payload_type: int, now_us: int) -> bool:
        """An SSRC that no description named: known by its payload type, which only one section has."""
        for track in self.tracks:
            if track.section.find_format(payload_type) is not None:
                if not self._may_change(now_us):
                    return False
                self._by_ssrc.pop(track.ssrc, None)
                track.adopt(ssrc, payload_type)
                self._by_ssrc[ssrc] = track
                return True
            if track.section.find_repaired(payload_type) is not None:
                if len(self._rtx) >= MAX_SSRCS:
                    self.counters.ssrc_limit += 1
                    return False
                self._rtx[ssrc] = track
                return True
        self.counters.payload_type_unknown += 1
        return False

    def _may_change(self, now_us: int) -> bool:
        """Each change of a source is a journal of its own, and entries of the ledger."""
        if self._changes.take(now_us):
            return True
        self.counters.ssrc_limit += 1
        return False

    def _route_learned(self, packet: bytes, ssrc: int, now_us: int) -> None:
        if ssrc in self._rtx:
            self._take_repair(self._rtx[ssrc], packet, now_us)
            return
        first, second, sequence, timestamp, _ = HEADER.unpack_from(packet)
        self.media_us = now_us
        self._by_ssrc[ssrc].receive(
            packet,
            first,
            second & 0x80,
            sequence,
            timestamp,
            payload_offset(packet),
            now_us,
            now_us + self.clock.wall_offset_us,
        )
