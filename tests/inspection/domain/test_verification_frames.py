"""What entries say about page-signed frames, held against a count of the journal."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from inspection.domain.entry import Entry
from inspection.domain.verification import Broken
from inspection.domain.verification_frames import (
    FrameClaims,
    FrameFacts,
    SignedTrack,
    TrackCounted,
    frame_statements,
    require_claims,
    share_signed,
)
from inspection.domain.verification_words import say

pytestmark = pytest.mark.unit

KEY = b"\x04" + bytes(64)
TRACK = {"session_id": "s1", "track_id": "t1", "participant_id": "p1", "role": "applicant", "kind": "video"}
SAID = {
    "session_id": "s1", "track_id": "t1", "from_index": 0, "to_index": 9, "frames": 10, "signed": 9, "broken": 0,
    "missing_counters": 1, "clock_jumps": 0,
}  # fmt: skip


def entry(seq: int, kind: str, payload: dict[str, Any]) -> Entry:
    return Entry("i", seq, kind, {}, None, "", None, payload, "", "", "")


def collected(*said: tuple[str, dict[str, Any]]) -> FrameClaims:
    claims = FrameClaims()
    for seq, (kind, payload) in enumerate(said, 1):
        claims.take(entry(seq, kind, payload))
    return claims


def page_key(session_id: str = "s1", participant_id: str = "p1") -> tuple[str, dict[str, Any]]:
    public_key = base64.b64encode(KEY).decode()
    return "page_key", {"session_id": session_id, "participant_id": participant_id, "public_key": public_key}


def track() -> SignedTrack:
    return collected(page_key(), ("track", TRACK), ("signatures", SAID)).tracks()[0]


FOUND = FrameFacts(10, 9, 0, 1, 0)


def test_a_claim_that_the_journal_shows_holds():
    assert require_claims(track(), TrackCounted(FOUND, (FOUND,)), is_whole=True) == 0


@pytest.mark.parametrize(
    "found",
    [replace(FOUND, signed=8), replace(FOUND, broken=1), replace(FOUND, missing_counters=2),
     replace(FOUND, clock_jumps=1), None],
)  # fmt: skip
def test_a_claim_that_says_more_than_the_journal_shows_is_broken(found):
    with pytest.raises(Broken) as caught:
        require_claims(track(), TrackCounted(FOUND, (found,)), is_whole=True)
    assert (caught.value.problem.code, caught.value.problem.where) == ("frame_signature", "journal/s1/t1.ytj entry 3")


@pytest.mark.parametrize("change", [{"frames": 9}, {"from_index": 10}, {"from_index": 3}])
def test_a_claim_whose_range_and_number_do_not_fit_is_broken(change):
    odd = collected(("track", TRACK), ("signatures", SAID | change)).tracks()[0]
    with pytest.raises(Broken):
        require_claims(odd, TrackCounted(FOUND, (FOUND,)), is_whole=True)


def test_claims_that_overlap_are_broken():
    twice = collected(("track", TRACK), ("signatures", SAID), ("signatures", SAID)).tracks()[0]
    with pytest.raises(Broken) as caught:
        require_claims(twice, TrackCounted(FOUND, (FOUND, FOUND)), is_whole=True)
    assert caught.value.problem.where.endswith("entry 3")


@pytest.mark.parametrize("change", [{"role": "inspector"}, {"kind": "audio"}, {"session_id": "s2"}])
def test_a_claim_about_anything_but_the_applicants_video_is_broken(change):
    with pytest.raises(Broken):
        collected(("track", TRACK | change), ("signatures", SAID)).tracks()


def test_where_segments_are_withheld_a_range_beyond_the_run_is_not_checked():
    assert require_claims(track(), TrackCounted(FrameFacts(4, 4), (None,)), is_whole=False) == 1


def test_a_key_counts_for_its_own_session_and_participant_only():
    claims = collected(page_key(), page_key("s2"), page_key("s1", "p2"), ("track", TRACK))
    assert [each.public_keys for each in claims.tracks()] == [(KEY,)]


def test_the_share_is_rounded_down():
    assert [share_signed(FrameFacts(1000, signed)) for signed in (1000, 999, 992)] == ["100.0", "99.9", "99.2"]
    assert share_signed(FrameFacts(100_000, 99_999)) == "99.9"


def test_absence_is_a_label_and_the_rest_is_told_in_words():
    said = [say(one.key, one.values) for one in frame_statements(FrameFacts(10))]
    assert said == ["视频帧未由网页签名"]
    odd = [say(one.key, one.values) for one in frame_statements(FrameFacts(1000, 992, 1, 2, 3), 1)]
    assert odd[0].startswith("99.2%视频帧由网页签名") and "不证明来自真实摄像头" in odd[0]
    assert "签名不符 1 帧" in odd[1] and "缺少计数 2 个" in odd[1] and "跳变 3 次" in odd[1]
    assert frame_statements(FrameFacts()) == ()
