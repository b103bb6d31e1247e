from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.errors import InspectionError
from inspection.domain.ids import base32_id, lookup_number
from inspection.domain.instants import from_unix_us, parse_rfc3339, rfc3339_ms, to_unix_us
from inspection.domain.invitations import (
    CODE_TRIES,
    Invitation,
    InvitationState,
    SentCode,
    pickup_as_shown,
    pickup_as_typed,
)
from inspection.domain.text import clean_text

pytestmark = pytest.mark.unit
NOW = datetime(2026, 5, 6, tzinfo=UTC)
LATER = NOW + timedelta(hours=24)


def an_invitation(state: InvitationState = InvitationState.OPEN, code: SentCode | None = None) -> Invitation:
    return Invitation("v", "i", "s", "t", "p", "h", state, NOW, LATER, code)


def a_code(wrong_tries: int = 0) -> SentCode:
    return SentCode("c", NOW, NOW + timedelta(minutes=5), wrong_tries)


@given(st.lists(st.booleans(), max_size=12))
def test_at_most_five_wrong_codes_are_ever_compared(tries):
    invitation, wrong = an_invitation(code=a_code()), 0
    for right in tries:
        invitation, refusal = invitation.tried(right, NOW)
        if wrong >= CODE_TRIES:
            assert refusal is not None
            assert refusal.code == "code_locked"
        elif right:
            assert refusal is None
            assert invitation.state is InvitationState.USED
            return
        else:
            wrong += 1
            assert refusal is not None
            assert refusal.code == ("code_wrong" if wrong < CODE_TRIES else "code_locked")


def test_a_used_invitation_without_a_new_code_says_so():
    _, refusal = an_invitation(InvitationState.USED).tried(True, NOW)
    assert refusal is not None
    assert refusal.code == "invitation_used"


@pytest.mark.parametrize("state", [InvitationState.OPEN, InvitationState.USED])
def test_the_clock_ends_an_invitation(state):
    assert an_invitation(state).state_at(LATER) is InvitationState.EXPIRED
    with pytest.raises(InspectionError, match="invitation_expired"):
        an_invitation(state, a_code()).tried(True, LATER)


def test_a_revoked_invitation_stays_revoked_after_its_time():
    assert an_invitation().revoked().state_at(LATER) is InvitationState.REVOKED


def test_a_late_code_has_expired():
    _, refusal = an_invitation(code=a_code()).tried(True, NOW + timedelta(minutes=5))
    assert refusal is not None
    assert refusal.code == "code_expired"


@pytest.mark.parametrize(
    "typed", ["4827-1935", "4827 1935", "48271935", "\uff14\uff18\uff12\uff17\u2014\uff11\uff19\uff13\uff15"]
)
def test_a_pick_up_code_is_taken_as_people_type_it(typed):
    assert pickup_as_typed(typed) == "48271935"
    assert pickup_as_shown("48271935") == "4827-1935"


@given(st.text(max_size=40))
def test_kept_text_is_clean_or_refused(text):
    try:
        kept = clean_text("text", text, 20)
    except InspectionError as error:
        assert (error.code, error.field) == ("field_invalid", "text")
        return
    assert 1 <= len(kept) <= 20
    kept.encode("utf-8")
    assert kept == kept.strip()


@pytest.mark.parametrize("text", [None, 7, "", "   ", "a\x00b", "\ud800", "x" * 21])
def test_what_is_no_clean_text_is_refused(text):
    with pytest.raises(InspectionError, match="field_invalid"):
        clean_text("text", text, 20)


def test_a_name_has_no_invisible_characters_and_a_chat_line_may_join_emoji():
    with pytest.raises(InspectionError, match="field_invalid"):
        clean_text("name", "张\u202e三", 20, one_line=True)
    assert clean_text("text", "一家\U0001f468\u200d\U0001f469", 20)


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_instants_survive_the_database_and_the_wire(at):
    assert from_unix_us(to_unix_us(at)) == at
    assert abs(parse_rfc3339(rfc3339_ms(at)) - at) < timedelta(milliseconds=1)


def test_ids_have_26_characters_of_128_bits():
    assert base32_id(bytes(16)) == "a" * 26
    assert lookup_number("7kq2m4xdabcdefghijklmnopqr") == "7KQ2-M4XD"
    with pytest.raises(ValueError, match="128 bits"):
        base32_id(bytes(15))
