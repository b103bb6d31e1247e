"""One fixed slot of a down peer: an outgoing stream whose sources may come and go."""

from __future__ import annotations

from collections.abc import Callable

from media.down_repair import RepairBudget
from media.events import TrackKind
from media.rtp.header import HEADER, HEADER_WITH_EXTENSION, ONE_WORD_EXTENSION
from media.rtp.rewrite import Continuity
from media.rtp.rtcp import SenderReport, build_sdes, build_sender_report, ntp_from_unix_us
from media.rtp.rtx import wrap_rtx
from media.sdp import ABS_SEND_TIME_ID, CLOCK_RATES, DownAnswerSection, DownSection
from media.sdp_formats import OFFERED
from media.up_track import Forward, UpTrack

#: Packets kept for retransmission; powers of two. Video at 2.5 Mb/s fills its own in about two seconds.
HISTORY_PACKETS = {"video": 512, "audio": 64}
EXTENSION_HEAD = (ABS_SEND_TIME_ID << 4 | 2) << 24


class DownSlot:
    """Rewrites what one source sends onto this slot's SSRC, sequence and timestamp. `send_media` protects and sends.

    `_tap` is what the source calls with each packet. `VideoSlot` has other ones, for receivers that are
    not sent everything.
    """

    def __init__(
        self, section: DownSection, send_media: Callable[[bytes], None], send_control: Callable[[bytes], None]
    ) -> None:
        self.section = section
        self.source: UpTrack | None = None
        self.packets = 0
        self.octets = 0
        self.resent = 0
        self.not_in_history = 0
        self._continuity = Continuity(CLOCK_RATES[section.kind])
        self._rebase = True
        self._abs_send_time = False
        self._enabled = False
        self._payload_type = 0
        self._types: dict[str, int] = {}
        self._rtx_types: dict[int, int] = {}
        self.refused_codec: str | None = None
        self._refusal_told: str | None = None
        self._tap: Forward = self.forward
        size = HISTORY_PACKETS[section.kind]
        self._history: list[bytes] = [b""] * size
        self._mask = size - 1
        self._rtx_sequence = 0
        self.repair = RepairBudget(size)
        self._send_media = send_media
        self._send_control = send_control

    @property
    def kind(self) -> TrackKind:
        return "video" if self.section.kind == "video" else "audio"

    def accept(self, answer: DownAnswerSection) -> None:
        self._enabled = answer.accepted
        offered = [each for each in OFFERED[self.section.kind] if each.codec in answer.codecs]
        self._types = {each.codec: each.payload_type for each in offered}
        self._rtx_types = {
            each.payload_type: each.rtx_type
            for each in offered
            if answer.codecs[each.codec] and each.rtx_type is not None
        }
        self._abs_send_time = answer.abs_send_time

    def connect(self, source: UpTrack, now_us: int) -> None:
        """Carry this source from now on."""
        if not self._enabled:
            self.refused_codec = source.format.codec
        if self.source is source or not self._enabled:
            return
        self.disconnect(now_us)
        self.source = source
        source.forwards.append(self._tap)
        source.request_keyframe(now_us)

    def disconnect(self, now_us: int) -> None:
        """Be silent; the next source goes on where this one ended."""
        source = self.source
        if source is not None:
            self.pause(source, now_us)
            source.forwards.remove(self._tap)
            self.source = None

    def pause(self, source: UpTrack, now_us: int) -> None:
        """The source leaves off or starts new counters: what comes next is joined on without a jump."""
        if not self._rebase:
            self._continuity.settle(source.last_sequence, source.last_timestamp, source.last_us or now_us)
            self._rebase = True

    def forward(
        self, sequence: int, first: int, marker: int, timestamp: int, packet: bytes, offset: int, now_us: int, sent: int
    ) -> None:
        """Hot path: pass on one packet of the source."""
        continuity = self._continuity
        if self._rebase:
            if not self._take_codec():
                return
            self._rebase = False
            continuity.rebase(sequence, timestamp, now_us)
        elif sequence < continuity.first_sequence:
            return
        out_sequence = (sequence + continuity.sequence_offset) & 0xFFFF
        out_timestamp = (timestamp + continuity.timestamp_offset) & 0xFFFFFFFF
        second = marker | self._payload_type
        if self._abs_send_time:
            header = HEADER_WITH_EXTENSION.pack(
                0x90 | first & 0x20,
                second,
                out_sequence,
                out_timestamp,
                self.section.ssrc,
                ONE_WORD_EXTENSION,
                EXTENSION_HEAD | sent,
            )
        else:
            header = HEADER.pack(0x80 | first & 0x20, second, out_sequence, out_timestamp, self.section.ssrc)
        out = header + packet[offset:]
        self._history[out_sequence & self._mask] = out
        self.packets += 1
        self.octets += len(packet) - offset
        self._send_media(out)

    def holes(self) -> tuple[int, int]:
        """Packets of what is passed on now that have not come to us, and whose count that is."""
        source = self.source
        if source is None:
            return 0, 0
        return len(source.losses.missing) + source.losses.lost, id(source.losses)

    def take_refusal(self) -> str | None:
        """The codec that this receiver has not, once for each."""
        if self.refused_codec == self._refusal_told:
            return None
        self._refusal_told = self.refused_codec
        return self.refused_codec

    def resend(self, sequences: list[int], now_us: int) -> None:
        """Answer a NACK: as RTX where it was negotiated, else the same bytes again."""
        for sequence in sequences:
            packet = self._history[sequence & self._mask]
            if len(packet) < 4 or packet[2] << 8 | packet[3] != sequence:
                self.not_in_history += 1
            elif self.repair.allow(sequence, len(packet), now_us):
                self.resent += 1
                self._send_again(packet)

    def send_report(self, wall_us: int) -> None:
        """A sender report in the server's clock, once the source has told its own."""
        self.repair.renew(self.octets)
        source = self.source
        if source is None or self._rebase or not source.stream_clock.known:
            return
        rtp = (source.stream_clock.rtp_at(wall_us) + self._continuity.timestamp_offset) & 0xFFFFFFFF
        report = SenderReport(self.section.ssrc, ntp_from_unix_us(wall_us), rtp, self.packets, self.octets, [])
        self._send_control(build_sender_report(report) + build_sdes(self.section.ssrc, self.section.cname))

    def stats(self) -> dict[str, int | str | bool]:
        return {
            "slot": f"{self.section.stream}-{self.section.kind}",
            "connected": self.source is not None,
            "packets": self.packets,
            "bytes": self.octets,
            "resent": self.resent,
            "not_in_history": self.not_in_history,
            "not_sent_again": self.repair.refused,
            "refused_codec": self.refused_codec or "",
        }

    def _take_codec(self) -> bool:
        """The source goes on, maybe in another codec. False where this receiver has none for it: nothing is passed."""
        codec = self.source.format.codec if self.source is not None else ""
        self._payload_type = self._types.get(codec, 0)
        self.refused_codec = None if self._payload_type else codec
        return self.refused_codec is None

    def _send_again(self, packet: bytes) -> None:
        rtx_type = self._rtx_types.get(packet[1] & 127)
        if rtx_type is not None and self.section.rtx_ssrc is not None:
            self._send_media(wrap_rtx(packet, self.section.rtx_ssrc, rtx_type, self._rtx_sequence))
            self._rtx_sequence += 1
        else:
            self._send_media(packet)
