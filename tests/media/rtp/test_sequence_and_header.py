from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.header import HEADER, abs_send_time, find_extension, payload_offset, strip_padding
from media.rtp.keyframe import KeyframeRequester, begins_vp8_keyframe
from media.rtp.rtx import unwrap_rtx, wrap_rtx
from media.rtp.sequence import unwrap16, unwrap32

pytestmark = pytest.mark.unit

ONE_BYTE = bytes.fromhex("bede0002") + bytes([0x31, 0x12, 0x34, 0x52, 1, 2, 3, 0])


def packet(payload: bytes, *, first: int = 0x80, second: int = 96, sequence: int = 7, extension: bytes = b"") -> bytes:
    return HEADER.pack(first | (0x10 if extension else 0), second, sequence, 1000, 0xBEEF) + extension + payload


@given(st.integers(0, 1 << 40), st.integers(-0x7FFF, 0x7FFF))
def test_a_16_bit_counter_unwraps_to_the_nearest_number(last: int, step: int) -> None:
    assert unwrap16(last, (last + step) & 0xFFFF) == last + step


@given(st.integers(0, 1 << 40), st.integers(-0x7FFFFFFF, 0x7FFFFFFF))
def test_a_32_bit_counter_unwraps_to_the_nearest_number(last: int, step: int) -> None:
    assert unwrap32(last, (last + step) & 0xFFFFFFFF) == last + step


def test_extensions_are_found_in_both_forms() -> None:
    assert find_extension(packet(b"x", extension=ONE_BYTE), 3) == b"\x12\x34"
    assert find_extension(packet(b"x", extension=ONE_BYTE), 5) == b"\x01\x02\x03"
    assert find_extension(packet(b"x", extension=ONE_BYTE), 4) is None
    two_byte = bytes.fromhex("10000002") + bytes([3, 2, 0x12, 0x34, 0, 5, 1, 9])
    assert find_extension(packet(b"x", extension=two_byte), 3) == b"\x12\x34"
    assert find_extension(packet(b"x", extension=two_byte), 5) == b"\x09"


@given(st.binary(max_size=64))
def test_no_bytes_make_the_header_reader_do_anything_but_raise_value_error(data: bytes) -> None:
    for read in (payload_offset, lambda d: find_extension(d, 3), lambda d: unwrap_rtx(d, 1, 96)):
        try:
            read(data)
        except (ValueError, IndexError) as error:
            assert isinstance(error, ValueError) or len(data) < 12


def test_a_header_longer_than_its_packet_is_refused() -> None:
    with pytest.raises(ValueError):
        payload_offset(bytes([0x90, 96]) + bytes(12) + bytes.fromhex("ffff"))
    with pytest.raises(ValueError):
        strip_padding(packet(b"\xff", first=0xA0))


def test_padding_is_taken_off() -> None:
    assert strip_padding(packet(b"abc\x00\x02", first=0xA0)) == packet(b"abc")


@given(st.binary(min_size=1, max_size=1200), st.integers(0, 0xFFFF), st.booleans(), st.booleans())
def test_a_retransmission_gives_back_the_original(payload: bytes, sequence: int, marker: bool, extended: bool) -> None:
    original = packet(payload, second=96 | marker << 7, sequence=sequence, extension=ONE_BYTE if extended else b"")
    wrapped = wrap_rtx(original, 0xCAFE, 97, 70_000)
    assert wrapped[1] & 0x7F == 97 and int.from_bytes(wrapped[8:12], "big") == 0xCAFE
    assert unwrap_rtx(wrapped, 0xBEEF, 96) == original


def test_a_probe_of_padding_is_no_packet() -> None:
    assert unwrap_rtx(packet(b"\x00\x00\x03", first=0xA0, second=97), 0xBEEF, 96) is None


def test_abs_send_time_counts_a_64_second_wheel() -> None:
    assert abs_send_time(0) == 0
    assert abs_send_time(1_000_000) == 1 << 18
    assert abs_send_time(64_000_000) == 0


def test_a_vp8_key_frame_is_known_by_its_first_packet() -> None:
    key, inter = 0x10, 0x11
    assert begins_vp8_keyframe(bytes([0x10, key]), 0)
    assert not begins_vp8_keyframe(bytes([0x10, inter]), 0)
    assert not begins_vp8_keyframe(bytes([0x00, key]), 0)  # not the first of its partition
    assert not begins_vp8_keyframe(bytes([0x11, key]), 0)  # another partition
    assert begins_vp8_keyframe(bytes([0x90, 0x80, 0x81, 0x23, key]), 0)  # 15-bit picture id
    assert begins_vp8_keyframe(bytes([0x90, 0xE0, 0x01, 0x02, 0x03, key]), 0)  # picture id, TL0PICIDX, TID
    for cut in range(5):
        assert not begins_vp8_keyframe(bytes([0x90, 0xE0, 0x01, 0x02, 0x03])[:cut], 0)


def test_key_frame_requests_are_at_least_half_a_second_apart() -> None:
    requester = KeyframeRequester()
    assert requester.request(0)
    assert not requester.request(100_000) and not requester.due(400_000)
    assert requester.due(500_000)
    requester.arrived()
    assert not requester.due(5_000_000)


def test_a_sender_that_makes_no_key_frame_is_asked_ten_times() -> None:
    requester = KeyframeRequester()
    asked = int(requester.request(0)) + sum(requester.due(now) for now in range(500_000, 20_000_000, 500_000))
    assert asked == 10 and not requester.wanted


@pytest.mark.parametrize("packet", [b"", b"\x80", b"\xa0" + bytes(10)])
def test_what_is_too_short_for_a_header_has_no_padding_to_strip(packet: bytes) -> None:
    with pytest.raises(ValueError):
        strip_padding(packet)
