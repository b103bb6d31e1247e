from __future__ import annotations

import pytest

from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError
from inspection.domain.inspections import OpinionKind
from inspection.domain.invitations import InvitationState
from inspection.domain.sessions import Nature
from inspection.services import accounts, inspections, invitations, opinions, sessions
from inspection.services.results import SessionCreated
from tests.inspection.services.office import PHONE, House

pytestmark = pytest.mark.integration


@pytest.fixture
async def created(house: House) -> SessionCreated:
    inspector = (await house.staff("li")).as_actor()
    return await house.invited(inspector, await house.opened(inspector))


async def redeem(house: House, created: SessionCreated, code: str, key: str | None = None):
    return await invitations.redeem(
        house.office,
        token=created.token,
        code=code,
        told_at=house.clock.now(),
        agreed_position=True,
        key=key or house.key(),
    )


async def refused(awaitable) -> InspectionError:
    with pytest.raises(InspectionError) as caught:
        await awaitable
    return caught.value


def wrong_of(code: str) -> str:
    return "000000" if code != "000000" else "000001"


async def test_the_message_has_the_pick_up_code_and_no_link(house, created):
    phone, text = house.sms.sent[0]
    assert phone == PHONE
    assert f"{created.pickup_code[:4]}-{created.pickup_code[4:]}" in text
    assert created.token not in text
    assert len(text) <= 70


async def test_looking_up_tells_what_will_happen_and_consumes_nothing(house, created):
    for _ in range(3):
        notice = await invitations.look_up(house.office, token=created.token)
        assert notice.state is InvitationState.OPEN
    assert notice.premises_name == "闽味小馆"
    assert len(notice.notice.lines) == len(notice.notice.en.lines) == 5
    assert [official.name for official in notice.officials] == ["张三"]
    assert notice.phone_masked == "138****1234"
    assert await house.redeemed(created) is not None


async def test_a_pick_up_code_with_the_phone_number_leads_to_the_same_door(house, created):
    notice = await invitations.look_up(
        house.office, pickup_code=f"{created.pickup_code[:4]}-{created.pickup_code[4:]}", phone="138 0000 1234"
    )
    await invitations.send_code(house.office, notice.token)
    done = await invitations.redeem(
        house.office,
        token=notice.token,
        code=house.sms.last_code(),
        told_at=house.clock.now(),
        agreed_position=True,
        key="k",
    )
    assert done.login.session_id == created.session.id


async def test_a_handle_from_a_pick_up_code_is_good_for_an_hour_and_cannot_be_forged(house, created):
    notice = await invitations.look_up(house.office, pickup_code=created.pickup_code, phone=PHONE)
    forged = notice.token[:-1] + ("a" if notice.token[-1] != "a" else "b")
    assert (await refused(invitations.look_up(house.office, token=forged))).code == "invitation_unknown"
    later = notice.token.split(".")
    later[2] = str(int(later[2]) + 3600)
    assert (await refused(invitations.look_up(house.office, token=".".join(later)))).code == "invitation_unknown"
    house.clock.move(hours=1)
    assert (await refused(invitations.look_up(house.office, token=notice.token))).code == "invitation_unknown"


@pytest.mark.parametrize(("code", "phone"), [("00000000", PHONE), (None, "13900001234"), ("", PHONE)])
async def test_a_pick_up_code_needs_the_phone_number_of_the_application(house, created, code, phone):
    typed = created.pickup_code if code is None else code
    error = await refused(invitations.look_up(house.office, pickup_code=typed, phone=phone))
    assert error.code == "invitation_unknown"


async def test_ten_wrong_pick_up_codes_close_the_door_for_that_phone_number(house, created):
    for number in range(10):
        wrong = str((int(created.pickup_code) + 1 + number) % 10**8).zfill(8)
        error = await refused(invitations.look_up(house.office, pickup_code=wrong, phone=PHONE))
        assert error.code == "invitation_unknown"
    error = await refused(invitations.look_up(house.office, pickup_code=created.pickup_code, phone=PHONE))
    assert error.code == "too_many_attempts"
    house.clock.move(minutes=15)
    assert await invitations.look_up(house.office, pickup_code=created.pickup_code, phone=PHONE)


@pytest.mark.parametrize("token", ["", "x", "a" * 26, "h.a.b.c", "h.x.99999999999.y", "h.x.٣.y", "\ud800", "é" * 5000])
async def test_a_garbled_link_is_unknown(house, created, token):
    assert (await refused(invitations.look_up(house.office, token=token))).code == "invitation_unknown"


async def test_coming_in_is_on_record_with_what_was_told_and_agreed(house, created):
    login = await house.redeemed(created, agreed_position=False)
    assert login.actor.role is Role.APPLICANT
    assert (login.inspection_id, login.session_id) == (created.session.inspection_id, created.session.id)
    kinds = await house.kinds(created.session.inspection_id)
    assert kinds == ["opened", "session_created", "invited", "identity", "told", "agreed", "agreed"]
    async with house.office.reading() as uow:
        entries = await uow.entries.list(created.session.inspection_id, 3, 10)
    assert entries[0].payload == {"level": "L2", "how": "sms_code"}
    assert [entry.payload for entry in entries[2:]] == [
        {"to": "recording", "yes": True},
        {"to": "position", "yes": False},
    ]


async def test_five_wrong_codes_lock_and_the_right_one_comes_too_late(house, created):
    await invitations.send_code(house.office, created.token)
    right = house.sms.last_code()
    errors = [await refused(redeem(house, created, wrong_of(right))) for _ in range(5)]
    assert [error.code for error in errors] == ["code_wrong"] * 4 + ["code_locked"]
    assert [error.tries_left for error in errors[:4]] == [4, 3, 2, 1]
    assert (await refused(redeem(house, created, right))).code == "code_locked"
    house.clock.move(seconds=60)
    assert await house.redeemed(created) is not None


async def test_a_code_is_good_for_five_minutes(house, created):
    await invitations.send_code(house.office, created.token)
    house.clock.move(minutes=5)
    assert (await refused(redeem(house, created, house.sms.last_code()))).code == "code_expired"


async def test_without_a_code_nobody_comes_in(house, created):
    assert (await refused(redeem(house, created, "123456"))).code == "code_expired"


async def test_codes_are_sent_once_a_minute_and_five_times_an_hour(house, created):
    await invitations.send_code(house.office, created.token)
    error = await refused(invitations.send_code(house.office, created.token))
    assert (error.code, error.retry_after_s) == ("too_many_attempts", 61)
    for _ in range(4):
        house.clock.move(seconds=61)
        await invitations.send_code(house.office, created.token)
    house.clock.move(seconds=61)
    assert (await refused(invitations.send_code(house.office, created.token))).code == "too_many_attempts"
    house.clock.move(hours=1)
    assert (await invitations.send_code(house.office, created.token)).phone_masked == "138****1234"


async def test_a_used_code_does_not_work_again_and_the_link_says_used(house, created):
    await invitations.send_code(house.office, created.token)
    code = house.sms.last_code()
    await redeem(house, created, code)
    assert (await refused(redeem(house, created, code))).code == "invitation_used"
    assert (await invitations.look_up(house.office, token=created.token)).state is InvitationState.USED


async def test_the_same_person_moves_to_another_browser_and_the_older_one_is_out(house, created):
    first = await house.redeemed(created)
    house.clock.move(seconds=61)
    second = await house.redeemed(created)
    assert await accounts.find_login(house.office, Role.APPLICANT, first.token) is None
    assert await accounts.find_login(house.office, Role.APPLICANT, second.token) is not None
    assert first.actor == second.actor
    assert (await house.kinds(created.session.inspection_id))[-1] == "holder_replaced"


async def test_a_redemption_whose_answer_was_lost_is_repeated_with_the_same_login(house, created):
    await invitations.send_code(house.office, created.token)
    code, told_at = house.sms.last_code(), house.clock.now()
    asked = {"token": created.token, "code": code, "told_at": told_at, "agreed_position": True, "key": "same"}
    first = await invitations.redeem(house.office, **asked)
    again = await invitations.redeem(house.office, **asked)
    assert again == first
    assert await accounts.find_login(house.office, Role.APPLICANT, again.login.token) is not None
    error = await refused(invitations.redeem(house.office, **{**asked, "agreed_position": False}))
    assert error.code == "idempotency_conflict"


async def test_an_expired_invitation_is_expired_for_every_step(house, created):
    house.clock.move(hours=24)
    for step in (
        invitations.look_up(house.office, token=created.token),
        invitations.send_code(house.office, created.token),
        redeem(house, created, "123456"),
    ):
        assert (await refused(step)).code == "invitation_expired"


async def test_a_revoked_invitation_is_closed_and_signs_its_holder_out(house, created):
    login = await house.redeemed(created)
    inspector = (await accounts.sign_in(house.office, Role.INSPECTOR, "li", "correct horse battery")).actor
    await inspections.revoke_invitation(
        house.office, inspector, created.session.inspection_id, created.invitation.id, "k"
    )
    assert await accounts.find_login(house.office, Role.APPLICANT, login.token) is None
    for step in (
        invitations.look_up(house.office, token=created.token),
        invitations.send_code(house.office, created.token),
        redeem(house, created, "123456"),
    ):
        assert (await refused(step)).code == "invitation_revoked"


async def test_after_the_opinion_the_link_is_used_up(house, created):
    await house.redeemed(created)
    inspector = (await accounts.sign_in(house.office, Role.INSPECTOR, "li", "correct horse battery")).actor
    await opinions.give_opinion(
        house.office, inspector, created.session.inspection_id, OpinionKind.NOT_FIT, "撤回", "k"
    )
    assert (await refused(invitations.look_up(house.office, token=created.token))).code == "invitation_used"


async def test_a_code_that_could_not_be_sent_is_an_error_and_an_invitation_is_not(house):
    inspector = (await house.staff("li")).as_actor()
    inspection = await house.opened(inspector)
    house.sms.broken = True
    created = await house.invited(inspector, inspection)
    assert not created.sms_sent
    assert (await refused(invitations.send_code(house.office, created.token))).code == "sms_unavailable"


async def test_creating_a_session_twice_gives_the_same_secrets_and_one_message(house):
    inspector = (await house.staff("li")).as_actor()
    inspection = await house.opened(inspector)
    asked = (house.office, inspector, inspection.id, Nature.GUIDANCE, "same-key")
    first, again = [await inspections.create_session(*asked) for _ in range(2)]
    assert again == first
    assert len(house.sms.sent) == 1
    with pytest.raises(InspectionError, match="idempotency_conflict"):
        await inspections.create_session(house.office, inspector, inspection.id, Nature.RECHECK, "same-key")


async def test_no_secret_of_an_invitation_is_in_the_database(house, created):
    await invitations.send_code(house.office, created.token)
    code = house.sms.last_code()
    content = (house.data / "yuntakan.db").read_bytes()
    for secret in (created.token, created.pickup_code, code):
        assert secret.encode() not in content


async def test_an_applicant_is_let_into_the_session_that_they_were_told_about_only(house, created):
    inspector = (await accounts.sign_in(house.office, Role.INSPECTOR, "li", "correct horse battery")).actor
    applicant = (await house.redeemed(created)).actor
    async with house.office.reading() as uow:
        inspection = await uow.inspections.find(created.session.inspection_id)
    assert inspection is not None
    other = await house.invited(inspector, inspection, Nature.RECHECK)
    assert (await refused(sessions.join(house.office, applicant, other.session.id))).code == "not_yet_agreed"
    assert await sessions.join(house.office, applicant, created.session.id)
