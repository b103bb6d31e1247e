"""The VP8 payload descriptor: what it says, and what is no descriptor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.rtp.keyframe import begins_vp8_keyframe
from media.rtp.vp8 import parse_descriptor, unwrap_bits, with_numbers, write_descriptor

pytestmark = pytest.mark.unit

OPTIONAL = st.integers(-1, 255)


@st.composite
def descriptors(draw: st.DrawFn) -> dict[str, int | bool]:
    bits = draw(st.sampled_from([7, 15]))
    return {
        "begins": draw(st.booleans()),
        "picture_id": draw(st.integers(-1, (1 << bits) - 1)),
        "tl0": draw(OPTIONAL),
        "temporal_id": draw(st.integers(-1, 3)),
        "layer_sync": draw(st.booleans()),
        "picture_bits": bits,
        "key_index": draw(st.integers(-1, 31)),
    }


@given(descriptors(), st.binary(min_size=1, max_size=8), st.binary(max_size=4))
def test_what_was_written_is_read_again(said: dict[str, int | bool], body: bytes, before: bytes) -> None:
    written = write_descriptor(**said)  # type: ignore[arg-type]
    read = parse_descriptor(before + written + body, len(before))
    assert read is not None
    assert (read.size, read.begins, read.tl0) == (len(written), said["begins"], said["tl0"])
    assert (read.picture_id, read.temporal_id) == (said["picture_id"], said["temporal_id"])
    assert read.picture_bits == (said["picture_bits"] if said["picture_id"] >= 0 else 0)
    assert read.layer_sync == (said["layer_sync"] and said["temporal_id"] >= 0)


@given(descriptors(), st.integers(0, 1 << 20), st.integers(0, 1 << 12))
def test_only_the_two_numbers_change(said: dict[str, int | bool], picture: int, tl0: int) -> None:
    payload = write_descriptor(**said) + b"frame"  # type: ignore[arg-type]
    before = parse_descriptor(payload, 0)
    assert before is not None
    after = parse_descriptor(with_numbers(payload, before, picture, tl0), 0)
    assert after is not None
    wanted = picture & (1 << before.picture_bits) - 1 if before.picture_id >= 0 else -1
    assert (after.picture_id, after.tl0) == (wanted, tl0 & 0xFF if before.tl0 >= 0 else -1)
    assert after._replace(picture_id=0, tl0=0) == before._replace(picture_id=0, tl0=0)


@given(st.binary(max_size=12), st.integers(0, 14))
def test_no_bytes_raise_and_the_key_frame_test_agrees(data: bytes, offset: int) -> None:
    read = parse_descriptor(data, offset)
    assert read is None or 0 < read.size < len(data) - offset
    is_key = read is not None and read.begins and not data[offset + read.size] & 1
    assert begins_vp8_keyframe(data, offset) == is_key


def test_a_descriptor_that_is_cut_off_is_none() -> None:
    whole = write_descriptor(begins=True, picture_id=300, tl0=5, temporal_id=2, key_index=3) + b"x"
    assert parse_descriptor(whole, 0) is not None
    for length in range(len(whole)):
        assert parse_descriptor(whole[:length], 0) is None


@given(st.integers(-(10**6), 10**6), st.integers(-60, 60), st.sampled_from([7, 8, 15]))
def test_numbers_unwrap_to_the_nearest(last: int, step: int, bits: int) -> None:
    assert unwrap_bits(last, (last + step) & (1 << bits) - 1, bits) == last + step
