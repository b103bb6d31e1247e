"""What the signatures of frames show, counted from the packets of a journal."""

from __future__ import annotations

import pytest

from media.depacketise import EncodedFrame, FrameAssembler
from media.frame_signatures import without_signature
from media.frame_signatures_check import PageKeys, TrackCheck
from media.frame_signatures_count import BROKEN, UNSIGNED, FrameFacts
from tests.media.clips import encode_h264, encode_vp8, video_packets
from tests.media.page_signing import SigningPage, picture_of

pytestmark = pytest.mark.unit

FRAMES = encode_vp8(range(12), 64, 48)


def frames_of(contents: list[bytes], codec: str = "VP8", **shape: int) -> list[EncodedFrame]:
    assembler = FrameAssembler(codec)
    packets = video_packets(contents, codec=codec, **shape)
    return [frame for packet, at in packets for frame in assembler.feed(packet, at)] + assembler.flush()


def count(contents: list[bytes], *pages: SigningPage, codec: str = "VP8") -> tuple[TrackCheck, FrameFacts]:
    check = TrackCheck()
    frames = frames_of(contents, codec)
    check.take(frames, PageKeys(page.public_key for page in pages))
    check.count.finish()
    assert check.count.decided == len(frames)
    return check, check.count.facts(0, len(frames) - 1)


def flipped(content: bytes, at: int = 20) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_frames_that_each_carry_a_signature_are_signed(codec):
    page = SigningPage()
    plain = FRAMES if codec == "VP8" else encode_h264(range(12), 64, 48)
    signed = page.sign_each(plain)
    assert count(signed, page, codec=codec)[1] == FrameFacts(12, 12, 0, 0, 0)
    assert [without_signature(frame) for frame in signed] == plain


@pytest.mark.parametrize("codec", ["VP8", "H264"])
def test_a_group_is_signed_by_its_last_frame(codec):
    page = SigningPage()
    plain = FRAMES if codec == "VP8" else encode_h264(range(12), 64, 48)
    signed = page.sign_in_groups(plain, 5)
    assert count(signed, page, codec=codec)[1] == FrameFacts(12, 10, 0, 0, 0)
    assert [without_signature(frame) for frame in signed] == plain


def test_frames_of_a_browser_that_cannot_sign_are_unsigned_and_no_fault():
    assert count(FRAMES)[1] == FrameFacts(12, 0, 0, 0, 0)


def test_a_frame_that_was_changed_is_broken():
    page = SigningPage()
    signed = page.sign_each(FRAMES)
    signed[7] = flipped(signed[7])
    check, facts = count(signed, page)
    assert facts == FrameFacts(12, 11, 1, 0, 0)
    assert check.count.statuses[7] == BROKEN


def test_a_changed_frame_within_a_group_is_broken_and_its_neighbours_are_not():
    page = SigningPage()
    signed = page.sign_in_groups(FRAMES, 4)
    signed[5] = flipped(signed[5])
    check, facts = count(signed, page)
    assert facts == FrameFacts(12, 11, 1, 0, 0)
    assert check.count.statuses[5] == BROKEN


def test_a_frame_played_again_is_broken():
    page = SigningPage()
    signed = page.sign_each(FRAMES)
    check, facts = count([*signed[:6], signed[2], *signed[6:]], page)
    assert facts == FrameFacts(13, 12, 1, 0, 0)
    assert check.count.statuses[6] == BROKEN


def test_a_group_played_again_is_not_signed_a_second_time():
    page = SigningPage()
    signed = page.sign_in_groups(FRAMES, 4)
    _, facts = count([*signed[:8], *signed[4:8], *signed[8:]], page)
    assert (facts.frames, facts.signed) == (16, 12)
    assert facts.broken == 4


def test_a_frame_put_in_between_is_broken():
    page = SigningPage()
    signed = page.sign_each(FRAMES)
    check, facts = count([*signed[:6], FRAMES[3], *signed[6:]], page)
    assert facts == FrameFacts(13, 12, 1, 0, 0)
    assert check.count.statuses[6] == BROKEN


def test_a_group_that_was_taken_out_leaves_its_counters_missing():
    page = SigningPage()
    signed = page.sign_in_groups(FRAMES, 4)
    assert count(signed[:4] + signed[8:], page)[1] == FrameFacts(8, 8, 0, 4, 0)


def test_a_lost_carrier_leaves_its_group_unsigned_and_one_counter_missing():
    page = SigningPage()
    signed = page.sign_in_groups(FRAMES, 4)
    check, facts = count(signed[:7] + signed[8:], page)
    assert facts == FrameFacts(11, 8, 0, 1, 0)
    assert check.count.statuses[4:7] == bytes([UNSIGNED] * 3)


def test_frames_that_the_page_let_pass_are_unsigned_and_nothing_is_missing():
    page = SigningPage()
    signed = [page.leave_out(frame) if place in (4, 5) else page.carry(frame) for place, frame in enumerate(FRAMES)]
    check, facts = count(signed, page)
    assert facts == FrameFacts(12, 10, 0, 0, 0)
    assert check.count.statuses[4:6] == bytes([UNSIGNED] * 2)


def test_a_key_that_was_not_enrolled_signs_nothing():
    page, other = SigningPage(), SigningPage()
    assert count(other.sign_each(FRAMES), page)[1] == FrameFacts(12, 0, 12, 0, 0)


def test_the_frames_of_another_page_are_broken_in_a_track_that_one_page_signs():
    page, other = SigningPage(), SigningPage()
    signed, strange = page.sign_each(FRAMES), other.sign_each(FRAMES)
    assert count([*signed[:6], strange[6], *signed[7:]], page, other)[1] == FrameFacts(12, 11, 1, 0, 0)


def test_another_sender_of_the_same_page_is_broken_in_this_track():
    page = SigningPage()
    signed = page.sign_each(FRAMES)
    second = SigningPage(page.private, stream=2)
    strange = second.sign_each(FRAMES)
    assert count([*signed[:6], strange[6], *signed[7:]], page)[1] == FrameFacts(12, 11, 1, 0, 0)


def test_a_trailer_whose_lengths_lie_is_broken():
    page = SigningPage()
    signed = page.sign_each(FRAMES)
    lying = bytearray(signed[5])
    lying[-4 - 64 - 4 - 2] = 200  # the number of digests
    short = b"\x10YTKF"
    assert count([*signed[:5], bytes(lying), short, *signed[6:]], page)[1] == FrameFacts(13, 11, 2, 0, 0)


def test_a_page_clock_that_was_set_is_a_jump():
    page = SigningPage()
    first = page.sign_each(FRAMES[:6])
    page.at_ms += 3_600_000
    second = page.sign_each(FRAMES[6:9])
    page.at_ms -= 7_200_000
    check, facts = count([*first, *second, *page.sign_each(FRAMES[9:])], page)
    assert facts == FrameFacts(12, 12, 0, 0, 2)
    assert [check.count.facts(at, at).clock_jumps for at in (5, 6, 9)] == [0, 1, 1]


def test_a_pause_is_no_jump_of_the_clock():
    page = SigningPage()
    before = frames_of(page.sign_each(FRAMES[:6]))
    page.at_ms += 60_000
    second = video_packets(page.sign_each(FRAMES[6:]), first_sequence=10, start_us=before[-1].arrival_us + 60_033_000)
    assembler, check = FrameAssembler(), TrackCheck()
    keys = PageKeys([page.public_key])
    check.take(before, keys)
    check.take([frame for packet, at in second for frame in assembler.feed(packet, at)], keys)
    assert check.count.facts(0, 11) == FrameFacts(12, 12, 0, 0, 0)


def test_what_waits_for_its_carrier_is_not_decided_until_no_carrier_can_sign_it():
    page = SigningPage()
    check, keys = TrackCheck(), PageKeys([page.public_key])
    check.take(frames_of([page.let_pass(FRAMES[at % 12]) for at in range(254)]), keys)
    assert check.count.decided == 0
    check.take(frames_of([FRAMES[0]]), keys)
    assert check.count.decided == 1


def test_parts_add_up_to_the_whole_however_they_are_cut():
    page = SigningPage()
    signed = page.sign_in_groups(FRAMES, 4)
    signed[1], signed[6] = flipped(signed[1]), flipped(signed[6])
    check, whole = count(signed[:9] + signed[10:], page)
    for cut in range(11):
        parts = check.count.facts(0, cut - 1), check.count.facts(cut, 10)
        assert tuple(sum(values) for values in zip(*map(_values, parts), strict=True)) == _values(whole)


def _values(facts: FrameFacts) -> tuple[int, ...]:
    return facts.frames, facts.signed, facts.broken, facts.missing_counters, facts.clock_jumps


def test_parameter_sets_that_a_reader_adds_are_not_part_of_what_was_signed():
    page = SigningPage()
    plain = encode_h264(range(4), 64, 48, keyframes=[2])
    bare = b"".join(b"\x00\x00\x00\x01" + unit for unit in plain[2].split(b"\x00\x00\x00\x01")[1:] if unit[0] & 31 == 5)
    signed = page.sign_each([*plain[:2], bare, plain[3]])
    assert count(signed, page, codec="H264")[1] == FrameFacts(4, 4, 0, 0, 0)


def test_a_second_trailer_in_a_frame_is_broken():
    page = SigningPage()
    plain = encode_h264(range(3), 64, 48)
    signed = page.sign_each(plain)
    unit = next(each for each in signed[1].split(b"\x00\x00\x00\x01")[1:] if each[0] & 31 == 6)
    doubled = b"\x00\x00\x00\x01" + unit + signed[1]
    assert picture_of(plain[1]) != b""
    assert count([signed[0], doubled, signed[2]], page, codec="H264")[1] == FrameFacts(3, 2, 1, 0, 0)
