from __future__ import annotations

from dataclasses import replace

import pytest

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError, Kind
from inspection.services import accounts
from tests.inspection.services.office import PASSWORD, House

pytestmark = pytest.mark.integration


async def wrong(house: House, username: str = "li", role: Role = Role.INSPECTOR) -> InspectionError:
    with pytest.raises(InspectionError) as refused:
        await accounts.sign_in(house.office, role, username, "not the password")
    return refused.value


async def test_a_login_opens_with_the_password_and_names_the_person(house):
    user = await house.staff("li")
    login = await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    assert (login.user, login.actor) == (user, user.as_actor())
    found = await accounts.find_login(house.office, Role.INSPECTOR, login.token)
    assert found == login


async def test_a_login_ends_after_12_hours_however_much_it_is_used(house):
    await house.staff("li")
    login = await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    house.clock.move(hours=11, minutes=59)
    assert await accounts.find_login(house.office, Role.INSPECTOR, login.token) is not None
    house.clock.move(minutes=1)
    assert await accounts.find_login(house.office, Role.INSPECTOR, login.token) is None


async def test_a_signed_out_login_is_gone(house):
    await house.staff("li")
    login = await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    await accounts.sign_out(house.office, Role.AUDITOR, login.token)
    assert await accounts.find_login(house.office, Role.INSPECTOR, login.token) is not None
    await accounts.sign_out(house.office, Role.INSPECTOR, login.token)
    await accounts.sign_out(house.office, Role.INSPECTOR, login.token)
    assert await accounts.find_login(house.office, Role.INSPECTOR, login.token) is None


async def test_a_token_opens_only_the_doors_of_its_role(house):
    await house.staff("li")
    login = await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    assert await accounts.find_login(house.office, Role.AUDITOR, login.token) is None
    assert await accounts.find_login(house.office, Role.INSPECTOR, login.token + "x") is None


async def test_wrong_password_unknown_user_and_wrong_role_answer_alike(house):
    await house.staff("li")
    await house.staff("shen", Role.AUDITOR)
    errors = [await wrong(house), await wrong(house, "nobody"), await wrong(house, "shen")]
    assert {(error.kind, error.code, error.message) for error in errors} == {
        (Kind.NOT_AUTHENTICATED, "sign_in_failed", "wrong user name or password")
    }


@pytest.mark.parametrize("typed", ["\ud800", "\x00", "x" * 100_000, ""])
async def test_whatever_is_typed_is_only_a_failed_sign_in(house, typed):
    await house.staff("li")
    assert (await wrong(house, typed)).code == "sign_in_failed"
    with pytest.raises(InspectionError, match="sign_in_failed"):
        await accounts.sign_in(house.office, Role.INSPECTOR, "li", typed)


async def test_ten_wrong_passwords_lock_the_name_for_a_quarter_of_an_hour(house):
    await house.staff("li")
    for _ in range(10):
        assert (await wrong(house)).code == "sign_in_failed"
        house.clock.move(seconds=1)
    with pytest.raises(InspectionError) as locked:
        await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    assert locked.value.code == "too_many_attempts"
    assert locked.value.retry_after_s is not None
    house.clock.move(seconds=locked.value.retry_after_s)
    assert (await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)).user is not None


async def test_an_unknown_name_is_locked_like_a_known_one(house):
    codes = [(await wrong(house, "nobody")).code for _ in range(11)]
    assert codes == ["sign_in_failed"] * 10 + ["too_many_attempts"]


async def test_a_right_password_forgets_the_wrong_ones(house):
    await house.staff("li")
    for _ in range(9):
        await wrong(house)
    await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    assert (await wrong(house)).code == "sign_in_failed"


async def test_a_new_password_ends_what_the_old_one_opened(house):
    await house.staff("li")
    login = await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    for _ in range(10):
        await wrong(house)
    await accounts.set_password(house.office, "li", "another long one")
    assert await accounts.find_login(house.office, Role.INSPECTOR, login.token) is None
    with pytest.raises(InspectionError, match="sign_in_failed"):
        await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    assert await accounts.sign_in(house.office, Role.INSPECTOR, "li", "another long one")
    for username, password in (("nobody", "another long one"), ("li", "short")):
        with pytest.raises(InspectionError, match="unknown|field_invalid"):
            await accounts.set_password(house.office, username, password)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "Li"}, "username"),
        ({"username": "x" * 33}, "username"),
        ({"password": "short"}, "password"),
        ({"role": Role.APPLICANT}, "role"),
        ({"name": " "}, "name"),
        ({"badge": "a\nb"}, "badge"),
    ],
)
async def test_an_account_of_bad_form_is_refused_by_its_field(house, changed, field):
    fields = {"username": "li", "password": PASSWORD, "role": Role.INSPECTOR, "name": "张三", "badge": "1"}
    with pytest.raises(InspectionError) as refused:
        await accounts.add_user(house.office, **{**fields, **changed})
    assert (refused.value.code, refused.value.field) == ("field_invalid", field)


async def test_an_inspector_whose_name_no_stamp_can_show_is_refused_by_the_character(house):
    office = replace(house.office, missing_characters=lambda text: "".join(char for char in text if char == "\u3645"))
    with pytest.raises(InspectionError, match=r"U\+3645") as refused:
        await accounts.add_user(office, username="li", password=PASSWORD, role=Role.INSPECTOR, name="李\u3645")
    assert (refused.value.code, refused.value.field) == ("character_not_supported", "name")


async def test_a_user_name_is_taken_once(house):
    await house.staff("li")
    with pytest.raises(InspectionError, match="username_taken"):
        await house.staff("li")


async def test_colleagues_are_the_other_inspectors(house):
    mine = await house.staff("li")
    other = await house.staff("wang")
    await house.staff("shen", Role.AUDITOR)
    assert await accounts.list_colleagues(house.office, mine.as_actor()) == [other]


async def test_nothing_that_opens_a_door_is_in_the_database(house):
    await house.staff("li")
    login = await accounts.sign_in(house.office, Role.INSPECTOR, "li", PASSWORD)
    content = (house.data / "yuntakan.db").read_bytes()
    for secret in (login.token, login.csrf, PASSWORD):
        assert secret.encode() not in content
    assert login.token not in repr(login)
