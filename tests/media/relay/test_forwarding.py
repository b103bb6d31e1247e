"""From an inbound stream to a fixed slot, packet by packet, without sockets."""

from __future__ import annotations

import pytest

from media.config import RelayConfig
from media.down_peer import DownPeer
from media.down_slot import DownSlot
from media.peer import PeerIdentity, PeerWatch
from media.relay_clock import RelayClock
from media.rtp.header import HEADER, payload_offset
from media.rtp.reports import SourceClock
from media.rtp.rtcp import KeyframeRequest, Nack, SenderReport, ntp_from_unix_us, parse_compound
from media.rtp.rtx import unwrap_rtx
from media.sdp import DownAnswerSection, DownSection, UpSection
from media.sdp_formats import H264_OFFERED, OPUS_OFFERED, VP8_OFFERED, PayloadFormat
from media.up_track import UpTrack

pytestmark = pytest.mark.unit

SSRC, OUT_SSRC, OUT_RTX = 0xAAAA, 0xBBBB, 0xCCCC
KEY, INTER = b"\x10\x10", b"\x10\x11"
WALL_US = 1_700_000_000_000_000


def section(kind: str = "video") -> UpSection:
    formats = (PayloadFormat("VP8", 96, 97), PayloadFormat("H264", 102, 103)) if kind == "video" else (OPUS_OFFERED,)
    return UpSection("0", kind, formats, (SSRC,), {}, 4, False, True)


class Source:
    def __init__(self, kind: str = "video", ssrc: int = SSRC) -> None:
        self.asked: list[bytes] = []
        self.track = UpTrack(section(kind), 1, SourceClock(), self.asked.append)
        self.track.adopt(ssrc)

    def send(self, sequence: int, timestamp: int = 0, payload: bytes = INTER, now_us: int = 0, marker: int = 0) -> None:
        packet = HEADER.pack(0x80, marker | 96, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self.track.ssrc) + payload
        self.track.receive(packet, 0x80, marker, sequence & 0xFFFF, timestamp, 12, now_us, WALL_US + now_us)

    def requests(self) -> list[object]:
        return [item for message in self.asked for item in parse_compound(message)]


class Viewer:
    def __init__(self, kind: str = "video", *, rtx: bool = True, abs_send_time: bool = True) -> None:
        self.media: list[bytes] = []
        self.control: list[bytes] = []
        described = DownSection("0", kind, "applicant", "applicant@s", OUT_SSRC, OUT_RTX if kind == "video" else None)
        self.slot = DownSlot(described, self.media.append, self.control.append)
        codec = "VP8" if kind == "video" else "opus"
        self.slot.accept(DownAnswerSection("0", {codec: rtx}, abs_send_time))

    def seen(self) -> list[tuple[int, int, bytes]]:
        """(sequence, timestamp, payload) of what was sent on the slot's own SSRC."""
        found = []
        for packet in self.media:
            _, _, sequence, timestamp, ssrc = HEADER.unpack_from(packet)
            if ssrc == OUT_SSRC:
                found.append((sequence, timestamp, packet[payload_offset(packet) :]))
        return found


def test_a_viewer_that_connects_asks_for_a_key_frame_and_gets_each_packet() -> None:
    source, viewer = Source(), Viewer()
    viewer.slot.connect(source.track, 0)
    assert source.requests() == [KeyframeRequest([SSRC])]
    source.send(65_535, 100, KEY)
    source.send(0, 3100, INTER, marker=0x80)
    first, second = viewer.seen()
    assert second[0] - first[0] == 1 and second[1] - first[1] == 3000
    assert [payload for _, _, payload in viewer.seen()] == [KEY, INTER]
    assert viewer.media[1][1] == 0x80 | 96


def test_a_lost_packet_is_asked_for_and_passed_on_in_its_place_when_it_comes() -> None:
    source, viewer = Source(), Viewer()
    viewer.slot.connect(source.track, 0)
    source.send(10, payload=b"\x10a")
    source.send(12, payload=b"\x10c", now_us=1000)
    assert Nack(SSRC, [11]) in source.requests()
    source.send(11, payload=b"\x10b", now_us=30_000)
    source.send(11, payload=b"\x10b", now_us=31_000)
    sent = viewer.seen()
    assert [payload[1:] for _, _, payload in sorted(sent)] == [b"a", b"b", b"c"]
    assert [number - sent[0][0] for number, _, _ in sent] == [0, 2, 1]


def test_an_unrepaired_loss_is_a_gap_and_asks_for_a_key_frame() -> None:
    source = Source()
    source.send(1, now_us=10_000)
    source.send(5, now_us=20_000)
    source.track.tick(2_000_000)
    run = source.track.take_gap(2_000_000)
    assert run is not None and run.packets == 3
    assert KeyframeRequest([SSRC]) in source.requests()


def test_a_receiver_gets_again_what_it_asks_for_as_rtx_or_as_the_same_bytes() -> None:
    for rtx in (True, False):
        source, viewer = Source(), Viewer(rtx=rtx)
        viewer.slot.connect(source.track, 0)
        for number in range(5):
            source.send(number, payload=b"\x10" + bytes([number]))
        wanted = viewer.media[3]
        viewer.slot.resend([wanted[2] << 8 | wanted[3], 9], 1)
        again = viewer.media[-1]
        assert (unwrap_rtx(again, OUT_SSRC, 96) if rtx else again) == wanted
        assert viewer.slot.resent == 1 and viewer.slot.not_in_history == 1


def test_a_receiver_cannot_make_the_relay_resend_without_end() -> None:
    source, viewer = Source(), Viewer()
    viewer.slot.connect(source.track, 0)
    source.send(1)
    number = viewer.media[0][2] << 8 | viewer.media[0][3]
    for now_us in range(0, 1_000_000, 1_000):
        viewer.slot.resend([number] * 100, now_us)
    assert viewer.slot.resent <= 10, "once a round trip"


def test_key_frame_requests_of_a_viewer_are_throttled() -> None:
    source = Source()
    for now_us in range(0, 1_000_000, 10_000):
        source.track.request_keyframe(now_us)
    assert len(source.requests()) == 2


def test_the_next_source_continues_the_slot_without_a_jump() -> None:
    first, second, viewer = Source(), Source(ssrc=0xDDDD), Viewer()
    viewer.slot.connect(first.track, 0)
    first.send(40_000, 1_000_000, now_us=0)
    first.send(40_001, 1_003_000, now_us=33_000)
    viewer.slot.disconnect(33_000)
    first.send(40_002, 1_006_000, now_us=66_000)
    viewer.slot.connect(second.track, 1_033_000)
    second.send(7, 5, now_us=1_033_000)
    second.send(6, 5, now_us=1_034_000)
    numbers = [number for number, _, _ in viewer.seen()]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert viewer.seen()[2][1] - viewer.seen()[1][1] == 90_000


def test_a_voice_that_goes_on_after_a_pause_leaves_no_hole_in_the_numbers() -> None:
    source, viewer = Source("audio"), Viewer("audio")
    viewer.slot.connect(source.track, 0)
    source.send(1, 0, b"x", 0)
    viewer.slot.pause(source.track, 20_000)
    source.send(50, 50 * 960, b"x", 1_000_000)
    (first, _, _), (second, _, _) = viewer.seen()
    assert second == first + 1


def test_a_slots_report_tells_the_time_of_its_own_counters() -> None:
    source, viewer = Source(), Viewer()
    viewer.slot.connect(source.track, 0)
    source.send(1, 90_000)
    viewer.slot.send_report(WALL_US)
    assert viewer.control == []
    report = SenderReport(SSRC, ntp_from_unix_us(WALL_US), 90_000, 0, 0, [])
    source.track.take_sender_report(report, b"", 0, WALL_US)
    viewer.slot.send_report(WALL_US + 500_000)
    (sent,) = parse_compound(viewer.control[0])
    assert isinstance(sent, SenderReport) and sent.ssrc == OUT_SSRC and sent.packets == 1
    assert abs(sent.rtp - (viewer.seen()[0][1] + 45_000)) <= 1
    assert sent.ntp == ntp_from_unix_us(WALL_US + 500_000)


def test_without_abs_send_time_the_header_is_short() -> None:
    source, viewer = Source(), Viewer(abs_send_time=False)
    viewer.slot.connect(source.track, 0)
    source.send(1, payload=KEY)
    assert viewer.media[0][12:] == KEY


def test_a_slot_that_was_refused_carries_nothing() -> None:
    source, viewer = Source(), Viewer()
    viewer.slot.accept(DownAnswerSection("0", {}, False))
    viewer.slot.connect(source.track, 0)
    source.send(1)
    assert viewer.media == []


async def test_a_voice_keeps_its_slot_and_a_newcomer_gets_that_of_one_who_is_away() -> None:
    watch = PeerWatch(lambda _: None, lambda _peer, _cause: None)
    peer = DownPeer(PeerIdentity("s", "p", "me", "applicant", "down"), RelayConfig(), RelayClock(), watch)
    for slot in peer.slots:
        slot.accept(DownAnswerSection(slot.section.mid, {"VP8": False, "opus": False}, False))
    voices = {name: Source("audio") for name in ("first", "second", "third")}
    taken = {}
    for name, voice in voices.items():
        taken[name] = peer.slot_for("inspector", name, "audio")
        taken[name].connect(voice.track, 0)
    assert len({slot.section.stream for slot in taken.values()}) == 3
    assert peer.slot_for("inspector", "first", "audio") is taken["first"]
    assert peer.slot_for("inspector", "fourth", "audio") is None
    taken["second"].disconnect(0)
    assert peer.slot_for("inspector", "second", "audio") is taken["second"]
    newcomer = peer.slot_for("inspector", "fourth", "audio")
    assert newcomer is taken["second"]
    newcomer.connect(Source("audio").track, 0)
    assert peer.slot_for("inspector", "second", "audio") is None
    assert peer.slot_for("inspector", "first", "video") is None


def test_a_codec_change_in_mid_call_goes_on_in_the_other_payload_type_without_a_jump() -> None:
    source, viewer = Source(), Viewer()
    viewer.slot.accept(DownAnswerSection("0", {"VP8": True, "H264": True}, True))
    changes: list[str] = []
    source.track.on_source_changed = lambda track: (changes.append(track.format.codec), viewer.slot.pause(track, 0))[0]
    viewer.slot.connect(source.track, 0)
    source.send(7, payload=KEY)
    assert not source.track.switch_codec(126, 8, 0), "nobody agreed on that type"
    assert not source.track.switch_codec(102, 6, 0), "what comes late switches nothing"
    assert source.track.switch_codec(102, 8, 0)
    source.send(8, payload=b"\x67\x42")
    assert changes == ["VP8"] and source.track.format.codec == "H264" and source.track.payload_type == 102
    types = [packet[1] & 127 for packet in viewer.media]
    sequences = [packet[2] << 8 | packet[3] for packet in viewer.media]
    assert types == [VP8_OFFERED.payload_type, H264_OFFERED.payload_type] and sequences[1] == sequences[0] + 1
    viewer.slot.resend(sequences, 1)
    assert [packet[1] & 127 for packet in viewer.media[2:]] == [VP8_OFFERED.rtx_type, H264_OFFERED.rtx_type]


def test_a_receiver_without_the_codec_of_its_source_gets_nothing_and_is_told_once() -> None:
    source, viewer = Source(), Viewer()
    viewer.slot.accept(DownAnswerSection("0", {"H264": True}, True))
    viewer.slot.connect(source.track, 0)
    source.send(7, payload=KEY)
    source.send(8)
    assert viewer.media == [] and viewer.slot.take_refusal() == "VP8" and viewer.slot.take_refusal() is None
    source.track.switch_codec(102, 9, 0)
    source.send(9, payload=b"\x67\x42")
    assert [packet[1] & 127 for packet in viewer.media] == [H264_OFFERED.payload_type]
    assert viewer.slot.refused_codec is None
