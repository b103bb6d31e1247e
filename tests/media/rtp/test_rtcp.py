from __future__ import annotations

import pytest
from aiortc import rtp as reference
from hypothesis import given
from hypothesis import strategies as st

from media.rtp import rtcp

pytestmark = pytest.mark.unit

REPORT = rtcp.Report(0xBEEF, 12, -3, 70_000, 5, 6, 7)


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=100, unique=True))
def test_a_nack_asks_for_exactly_what_is_missing(sequences: list[int]) -> None:
    sequences.sort()
    message = rtcp.build_nack(1, 2, sequences)
    (nack,) = rtcp.parse_compound(message)
    assert isinstance(nack, rtcp.Nack) and nack.media_ssrc == 2
    assert sorted(nack.sequences) == sequences
    (other,) = reference.RtcpPacket.parse(message)
    assert sorted(other.lost) == sequences


def test_a_nack_over_the_wrap_is_one_item() -> None:
    message = rtcp.build_nack(1, 2, [0xFFFF, 0, 1])
    assert message[12:] == bytes.fromhex("ffff0003")


def test_reports_are_read_as_another_implementation_reads_them() -> None:
    compound = rtcp.build_receiver_report(1, [REPORT]) + rtcp.build_pli(1, 2)
    (report, pli) = reference.RtcpPacket.parse(compound)
    assert report.reports[0].highest_sequence == 70_000 and report.reports[0].packets_lost == -3
    assert pli.fmt == 1 and pli.media_ssrc == 2
    ours = rtcp.parse_compound(compound)
    assert ours == [rtcp.ReceiverReport(1, [REPORT]), rtcp.KeyframeRequest([2])]


def test_a_sender_report_goes_there_and_back() -> None:
    report = rtcp.SenderReport(5, rtcp.ntp_from_unix_us(1_700_000_000_000_000), 99, 3, 4, [REPORT])
    compound = rtcp.build_sender_report(report) + rtcp.build_sdes(5, "voice-1")
    assert rtcp.parse_compound(compound) == [report]
    sender, description = reference.RtcpPacket.parse(compound)
    assert sender.sender_info.rtp_timestamp == 99
    assert description.chunks[0].items == [(1, b"voice-1")]


@given(st.integers(0, 1 << 40))
def test_ntp_time_loses_less_than_a_microsecond(unix_us: int) -> None:
    assert 0 <= unix_us - rtcp.unix_us_from_ntp(rtcp.ntp_from_unix_us(unix_us)) <= 1


@given(st.integers(1, 10**9), st.lists(st.integers(0, 0xFFFFFFFF), max_size=3))
def test_remb_keeps_its_bitrate_to_18_bits(bitrate: int, ssrcs: list[int]) -> None:
    message = rtcp.build_remb(1, bitrate, ssrcs)
    (remb,) = rtcp.parse_compound(message)
    assert isinstance(remb, rtcp.Remb) and remb.media_ssrcs == ssrcs
    assert 0 <= bitrate - remb.bitrate <= bitrate >> 17
    (other,) = reference.RtcpPacket.parse(message)
    assert reference.unpack_remb_fci(other.fci) == (remb.bitrate, ssrcs)


def test_lying_counts_are_no_packet() -> None:
    for lie in ("8fc9000100000001", "80c8ffff", "81cd000200000001", "8f", "40c9000100000001"):
        with pytest.raises(ValueError):
            rtcp.parse_compound(bytes.fromhex(lie))
    remb = bytearray(rtcp.build_remb(1, 1000, [7]))
    remb[16] = 200
    assert rtcp.parse_compound(bytes(remb)) == [rtcp.Remb(1000, [7])]


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_raise_value_error(data: bytes) -> None:
    try:
        packets = rtcp.parse_compound(data)
    except ValueError:
        return
    assert isinstance(packets, list)


@given(st.binary(max_size=60), st.sampled_from([200, 201, 203, 205, 206]), st.integers(0, 31))
def test_no_body_behind_a_right_header_does_either(body: bytes, kind: int, count: int) -> None:
    body += bytes(-len(body) % 4)
    try:
        rtcp.parse_compound(bytes([0x80 | count, kind]) + (len(body) // 4).to_bytes(2, "big") + body)
    except ValueError:
        return


LYING = {
    "sender report of 31 blocks that are not there": bytes.fromhex("9fc80006") + bytes(24),
    "receiver report without a sender": bytes.fromhex("80c90000"),
    "receiver report of one block that is cut off": bytes.fromhex("81c90005") + bytes(20),
    "BYE of 31 sources that are not there": bytes.fromhex("9fcb0001") + bytes(4),
    "NACK without its sources": bytes.fromhex("81cd0001") + bytes(4),
    "NACK that ends within an item": bytes.fromhex("81cd0002") + bytes(8) + b"\x00",
    "length beyond the datagram": bytes.fromhex("81cdffff") + bytes(8),
    "version 1": bytes.fromhex("41cd0002") + bytes(8),
    "FIR that ends within an item": bytes.fromhex("84ce0003") + bytes(12),
    "a hundred empty members": bytes.fromhex("80cc0000") * 100,
}


@pytest.mark.parametrize("compound", LYING.values(), ids=list(LYING))
def test_a_compound_that_lies_is_refused_whole(compound: bytes) -> None:
    with pytest.raises(ValueError):
        rtcp.parse_compound(compound)


def test_a_remb_that_counts_more_sources_than_it_has_names_those_it_has() -> None:
    message = bytearray(rtcp.build_remb(1, 1000, [7, 8]))
    message[16] = 255
    (remb,) = rtcp.parse_compound(bytes(message))
    assert remb == rtcp.Remb(1000, [7, 8])


def test_a_nack_of_thousands_is_cut_to_what_a_history_holds() -> None:
    body = rtcp.TWO_WORDS.pack(1, 2) + b"".join(rtcp.NACK_ITEM.pack(n * 17, 0xFFFF) for n in range(300))
    (nack,) = rtcp.parse_compound(rtcp.HEAD.pack(0x81, 205, len(body) // 4) + body)
    assert isinstance(nack, rtcp.Nack)
    assert rtcp.MAX_NACKED <= len(nack.sequences) < rtcp.MAX_NACKED + 17


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused_by_value(data: bytes) -> None:
    try:
        items = rtcp.parse_compound(data)
    except ValueError:
        return
    assert len(items) <= len(data) // 4, "a packet has a header of four bytes"
