from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.domain.identity_numbers import (
    is_mobile_phone,
    is_resident_id,
    is_uscc,
    mask_id_number,
    mask_phone,
    normal_phone,
)

pytestmark = pytest.mark.unit
TODAY = date(2026, 5, 6)
GOOD_USCC = ("91350100M000100Y43", "91110000802100433B", "9111000071093123XX")
GOOD_IDS = ("11010519491231002X", "440524188001010014")


@pytest.mark.parametrize("code", GOOD_USCC)
def test_known_social_credit_codes_are_well_formed(code):
    assert is_uscc(code)


@given(st.sampled_from(GOOD_USCC), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_one_changed_character_of_a_social_credit_code_is_noticed(code, place, char):
    changed = code[:place] + char + code[place + 1 :]
    assert is_uscc(changed) == (changed == code)


@pytest.mark.parametrize(
    "text",
    ["", "91350100m000100y43", "91350100M000100Y4", "91350100M000100Y43 ", "91350100I000100Y43", "９1350100M000100Y43"],
)
def test_what_has_another_form_is_no_social_credit_code(text):
    assert not is_uscc(text)


def test_a_known_resident_number_is_well_formed():
    assert is_resident_id(GOOD_IDS[0], TODAY)


def test_a_birthday_before_1900_is_refused_although_its_check_digit_is_right():
    assert not is_resident_id(GOOD_IDS[1], TODAY)


@given(st.integers(0, 16), st.integers(0, 9))
def test_one_changed_digit_of_a_resident_number_is_noticed(place, digit):
    number = GOOD_IDS[0]
    changed = number[:place] + str(digit) + number[place + 1 :]
    assert is_resident_id(changed, TODAY) == (changed == number)


@pytest.mark.parametrize("text", ["11010519490231002X", "11010520990101123X", "1101051949123100", "11010519491231002x"])
def test_impossible_days_and_forms_are_no_resident_number(text):
    assert not is_resident_id(text, TODAY)


@pytest.mark.parametrize(
    ("typed", "normal"), [("+86 138-0000-1234", "13800001234"), ("0086 13800001234", "13800001234")]
)
def test_phone_numbers_are_taken_as_people_type_them(typed, normal):
    assert normal_phone(typed) == normal
    assert is_mobile_phone(normal)


@pytest.mark.parametrize("text", ["12800001234", "1380000123", "138000012345", "059188888888", "１３８０0001234"])
def test_what_is_no_mainland_mobile_number_is_refused(text):
    assert not is_mobile_phone(text)


def test_masks_leave_only_the_ends():
    assert mask_phone("13800001234") == "138****1234"
    assert mask_id_number("11010519491231002X") == "110*************2X"
