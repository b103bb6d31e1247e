"""Key frames that promise enormous pictures: whoever decodes refuses them by their header, in a bound of memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from media.depacketise import MOST_PIXELS, EncodedFrame, FrameAssembler
from media.rtp.h264_sps import sps_size
from media.stills_decode import PictureDecoder
from tests.fuzz.corpus import VIDEO_TYPE, rtp_header

pytestmark = pytest.mark.unit

LARGEST = 16_383


def small_keyframe() -> bytes:
    """A real key frame of 64 x 48."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base = Fraction(1, 30)
    picture = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24").reformat(format="yuv420p")
    picture.pts = 0
    return bytes((encoder.encode(picture) + encoder.encode(None))[0])


def of_size(frame: bytes, width: int, height: int) -> bytes:
    return frame[:6] + width.to_bytes(2, "little") + height.to_bytes(2, "little") + frame[10:]


def assembled(*frames: bytes) -> list[EncodedFrame]:
    assembler = FrameAssembler()
    packets = [rtp_header(VIDEO_TYPE, n, 7, marker=True) + b"\x10" + frame for n, frame in enumerate(frames)]
    return [frame for n, packet in enumerate(packets) for frame in assembler.feed(packet, 1_000_000 + 33_000 * n)]


@pytest.mark.parametrize("size", [(LARGEST, LARGEST), (4097, 4096), (0, 48), (LARGEST, 1025)])
def test_a_vp8_key_frame_of_an_impossible_size_is_not_decoded(size: tuple[int, int]) -> None:
    frame = small_keyframe()
    (bomb,) = assembled(of_size(frame, *size))
    assert not bomb.decodable
    decoder = PictureDecoder()
    for each in assembled(frame, of_size(frame, *size)):
        decoder.decode(each)
    assert decoder.newest is not None and decoder.newest.frame.index == 0, "the picture before the bomb stays"


def test_after_the_bomb_an_honest_key_frame_is_shown_again() -> None:
    frame = small_keyframe()
    decoder = PictureDecoder()
    for each in assembled(frame, of_size(frame, LARGEST, LARGEST), frame):
        decoder.decode(each)
    assert decoder.newest is not None and decoder.newest.frame.index == 2


def exp_golomb(value: int) -> str:
    bits = bin(value + 1)[2:]
    return "0" * (len(bits) - 1) + bits


def sps_of(width: int, height: int) -> bytes:
    """A baseline sequence parameter set (ITU-T H.264 section 7.3.2.1.1)."""
    fields = [exp_golomb(0), exp_golomb(0), exp_golomb(2), exp_golomb(1), "0"]
    fields += [exp_golomb(width // 16 - 1), exp_golomb(height // 16 - 1), "1", "1", "0", "0", "1"]
    bits = "".join(fields)
    bits += "0" * (-len(bits) % 8)
    return bytes([0x67, 66, 0xE0, 31]) + int(bits, 2).to_bytes(len(bits) // 8, "big")


def test_a_parameter_set_of_h264_promises_its_size_before_anything_is_decoded() -> None:
    assert sps_size(sps_of(16_384, 16_384)) == (16_384, 16_384)
    idr = b"\x65" + bytes(60)
    assembler = FrameAssembler("H264")
    frames: list[EncodedFrame] = []
    for n, unit in enumerate((sps_of(16_384, 16_384), b"\x68\xce\x38\x80", idr)):
        packet = rtp_header(VIDEO_TYPE, n, 7, marker=n == 2)
        frames += assembler.feed(packet[:4] + bytes(4) + packet[8:] + unit, 1_000_000)
    frames += assembler.flush()
    assert 16_384 * 16_384 > MOST_PIXELS
    assert all(not frame.decodable for frame in frames)


CHILD = """
import resource
from tests.media.guard.test_picture_bombs import assembled, of_size, small_keyframe
from media.stills_decode import PictureDecoder
frame, decoder = small_keyframe(), PictureDecoder()
for each in assembled(*[of_size(frame, 4096 if n % 2 else 16383, 4096 if n % 2 else 16383) for n in range(40)]):
    decoder.decode(each)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_a_series_of_bombs_stays_within_a_bound_of_memory() -> None:
    """4k and 16k in turn; a picture of 16k alone would be 400 MB."""
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60, check=True)
    base_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert int(done.stdout) < base_kb + 300_000
