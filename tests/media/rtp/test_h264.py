"""H.264 in RTP: what is cut off or lies about its length is refused, and a key frame is known from its first packet."""

from __future__ import annotations

import random

import pytest
from aiortc.codecs.h264 import H264Encoder

from media.rtp.h264 import begins_h264_keyframe, nal_units
from media.rtp.h264_sps import sps_size
from tests.media.clips import encode_h264

pytestmark = pytest.mark.unit


def stap(*units: bytes) -> bytes:
    return b"\x78" + b"".join(len(unit).to_bytes(2, "big") + unit for unit in units)


def bits(*fields: tuple[int, int] | int) -> bytes:
    """(value, width) as it is, a number alone as Exp-Golomb."""
    text = ""
    for each in fields:
        if isinstance(each, tuple):
            text += format(each[0], f"0{each[1]}b")
        else:
            code = format(each + 1, "b")
            text += "0" * (len(code) - 1) + code
    text += "1" + "0" * (-(len(text) + 1) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def sps(width: int, height: int) -> bytes:
    """Baseline, of whole macroblocks."""
    rest = bits(0, 0, 2, 1, (0, 1), width // 16 - 1, height // 16 - 1, (1, 1), (1, 1), (0, 1), (0, 1))
    return b"\x67\x42\xc0\x1f" + rest


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x65\x88", True),
        (b"\x67\x42", True),
        (b"\x68\xce", False),
        (b"\x41\x9a", False),
        (stap(b"\x67\x42", b"\x68\xce"), True),
        (stap(b"\x68\xce", b"\x65\x88"), True),
        (stap(b"\x06\x05", b"\x41\x9a"), False),
        (b"\x7c\x85\x88", True),
        (b"\x7c\x05\x88", False),
        (b"\x7c\x81\x9a", False),
        (b"\x7c", False),
        (b"\x78", False),
        (b"\x78\xff\xff", False),
        (b"", False),
    ],
)
def test_the_first_packet_of_a_key_frame_is_known(payload: bytes, begins: bool) -> None:
    assert begins_h264_keyframe(bytes(12) + payload, 12) is begins


def test_units_come_out_as_they_went_in() -> None:
    assert nal_units(b"\x41\x9a\x01") == [(True, b"\x41\x9a\x01")]
    assert nal_units(stap(b"\x67\x42", b"\x68\xce")) == [(True, b"\x67\x42"), (True, b"\x68\xce")]
    assert nal_units(b"\x7c\x85\x01\x02") == [(True, b"\x65\x01\x02")]
    assert nal_units(b"\x7c\x05\x03") == [(False, b"\x03")]


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"\x65", b"\xe5\x88", b"\x60\x88", b"\x78\x00", b"\x78\x00\x00", b"\x78\x00\x05\x65\x88",
        stap(b"\x65\x88") + b"\x00", stap(stap(b"\x65\x88")), b"\x7c\x85", b"\x7c\xc5\x01", b"\x7c\x98\x01",
        b"\x79\x00\x00\x00", b"\x7d\x85\x01\x00\x00",
    ],
)  # fmt: skip
def test_what_lies_about_its_length_or_is_of_another_mode_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        nal_units(payload)


def test_noise_is_refused_or_taken_and_never_breaks_anything() -> None:
    chooser = random.Random(17)
    for _ in range(20_000):
        payload = chooser.randbytes(chooser.randrange(40))
        begins_h264_keyframe(payload, chooser.randrange(3))
        try:
            units = nal_units(payload)
        except ValueError:
            continue
        assert sum(len(unit) for _, unit in units) <= len(payload) + 1
        try:
            width, height = sps_size(b"\x67" + payload)
        except ValueError:
            continue
        assert width > 0 and height > 0


@pytest.mark.parametrize("size", [(1280, 720), (16, 16), (4096, 4096), (16_384, 16_384), (262_144, 16)])
def test_the_size_is_that_of_the_parameter_set(size: tuple[int, int]) -> None:
    assert sps_size(sps(*size)) == size


@pytest.mark.parametrize("size", [(640, 360), (1920, 1080), (322, 242), (720, 1280)])
def test_a_parameter_set_of_a_real_encoder_with_cropping_is_read(size: tuple[int, int]) -> None:
    units = H264Encoder._split_bitstream(encode_h264([1], *size)[0])
    assert [sps_size(unit) for unit in units if unit[0] & 31 == 7] == [size]


@pytest.mark.parametrize("cut", range(8))
def test_a_parameter_set_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(ValueError):
        sps_size(sps(1280, 720)[:cut])
