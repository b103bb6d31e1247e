"""The demo's case on a real database, and the sheet that it prints."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from examples.demo_day.case import DemoCase as PlayersCase
from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError
from inspection.domain.inspections import OpinionKind
from inspection.services import accounts, closing, inspections, invitations, opinions, sessions
from inspection.services.results import Login
from tests.inspection.services.office import open_house
from web.demo_case import PHONE, STAFF, DemoCase, easy_password, prepare
from web.demo_sheet import sheet
from web.serving import Address

pytestmark = pytest.mark.integration

ADDRESS = Address("https://localhost:8443", "https://192.168.3.7:8443")


@pytest.fixture
async def house(tmp_path):
    made = open_house(tmp_path)
    yield made
    await made.aclose()


async def prepared(house) -> DemoCase:
    published: list[str] = []
    case = await prepare(house.office, lambda entries: published.extend(entry.kind for entry in entries))
    assert published[-2:] == ["session_created", "invited"]
    return case


async def come_in(house, case: DemoCase) -> Login:
    notice = await invitations.look_up(house.office, pickup_code=case.pickup_code, phone=case.phone)
    await invitations.send_code(house.office, notice.token)
    code = house.sms.last_code()
    done = await invitations.redeem(
        house.office, token=notice.token, code=code, told_at=house.clock.now(), agreed_position=True, key=house.key()
    )
    return done.login


async def test_everybody_can_come_in_with_what_is_printed(house):
    case = await prepared(house)
    for person in (*case.inspectors, case.auditor):
        login = await accounts.sign_in(house.office, person.role, person.username, person.password)
        assert login.user.name == person.name
    assert (await come_in(house, case)).actor.role is Role.APPLICANT
    assert (await invitations.look_up(house.office, token=case.token)).nature == "verification"


async def test_both_inspectors_are_on_the_inspection(house):
    case = await prepared(house)
    for person in case.inspectors:
        login = await accounts.sign_in(house.office, person.role, person.username, person.password)
        own = await inspections.list_inspections(house.office, login.actor)
        assert [one.id for one in own] == [case.inspection_id]
        assert own[0].premises.fence is not None


async def test_a_second_start_keeps_the_invitation_and_changes_the_passwords(house):
    first, second = await prepared(house), await prepared(house)
    assert (second.token, second.pickup_code, second.session_id) == (first.token, first.pickup_code, first.session_id)
    old = first.auditor
    with pytest.raises(InspectionError, match="sign_in_failed"):
        await accounts.sign_in(house.office, old.role, old.username, old.password)
    assert await accounts.sign_in(house.office, old.role, old.username, second.auditor.password)


async def test_an_invitation_that_ran_out_is_replaced(house):
    first = await prepared(house)
    house.clock.move(hours=25)
    second = await prepared(house)
    assert second.inspection_id == first.inspection_id
    assert second.session_id != first.session_id
    assert await come_in(house, second)


async def test_after_the_session_ended_there_is_a_new_one_of_the_same_inspection(house):
    first = await prepared(house)
    applicant = (await come_in(house, first)).actor
    await sessions.join(house.office, applicant, first.session_id)
    await closing.stop(house.office, applicant, first.session_id, "没空", house.key())
    second = await prepared(house)
    assert second.inspection_id == first.inspection_id
    assert second.session_id != first.session_id and second.token != first.token


async def test_after_the_opinion_there_is_a_new_inspection(house):
    first = await prepared(house)
    login = await accounts.sign_in(house.office, Role.INSPECTOR, "demo-zhang", first.inspectors[0].password)
    try:
        await opinions.give_opinion(
            house.office, login.actor, first.inspection_id, OpinionKind.NOT_FIT, "演示", house.key()
        )
    except InspectionError as error:
        pytest.fail(f"the office must be able to conclude: {error.code}")
    second = await prepared(house)
    assert second.inspection_id != first.inspection_id


async def test_a_live_session_whose_invitation_is_not_known_does_not_stop_the_demo(house):
    first = await prepared(house)
    house.clock.move(hours=1)
    applicant = (await come_in(house, first)).actor
    zhang = await accounts.sign_in(house.office, Role.INSPECTOR, "demo-zhang", first.inspectors[0].password)
    for actor in (zhang.actor, applicant):
        await sessions.join(house.office, actor, first.session_id)
    async with house.office.uow() as uow:
        await uow.commands.purge(house.clock.now() + timedelta(seconds=1))
        await uow.commit()
    second = await prepared(house)
    assert second.inspection_id != first.inspection_id
    assert await come_in(house, second)


async def test_the_players_read_the_case_as_it_is_written(house):
    case = await prepared(house)
    text = case.for_players("https://localhost:1", Path("/x/ca.crt"), Path("/x/sms.jsonl"))
    read = PlayersCase.from_json(text)
    assert read.auditor.password == case.auditor.password
    assert [one.username for one in read.inspectors] == ["demo-zhang", "demo-li"]
    assert (read.pickup_code, read.phone, read.session_id) == (case.pickup_code, PHONE, case.session_id)
    assert json.loads(text)["ca_path"] == "/x/ca.crt"


def a_case() -> DemoCase:
    zhang, li, shen = STAFF
    return DemoCase((zhang, li), shen, "i" * 26, "YTK-2026-00001", "s" * 26, "t" * 26, "48271935")


def test_the_sheet_names_everything_that_people_need():
    text = sheet(a_case(), ADDRESS, "AB:" * 31 + "CD")
    for needed in (
        "https://localhost:8443", "https://192.168.3.7:8443/i/" + "t" * 26, "4827-1935", PHONE, "demo-zhang", "demo-li",
        "demo-shen", "https://192.168.3.7:8443/office/login", "https://192.168.3.7:8443/audit/login",
        "https://192.168.3.7:8443/ca", "申请人 Applicant", "勘验人员 Inspectors", "审计人员 Auditor",
    ):  # fmt: skip
        assert needed in text


def test_the_codes_on_the_sheet_carry_the_address_of_the_lan():
    scanner, found = cv2.QRCodeDetector(), []
    for block in codes_of(sheet(a_case(), ADDRESS, None)):
        halves = {"█": (255, 255), "▀": (255, 0), "▄": (0, 255), " ": (0, 0)}
        rows = [[halves[char][half] for char in line] for line in block for half in (0, 1)]
        found.append(scanner.detectAndDecode(np.kron(np.array(rows, np.uint8), np.ones((8, 8), np.uint8)))[0])
    base = "https://192.168.3.7:8443"
    assert found == [f"{base}/i/{'t' * 26}", f"{base}/office/login", f"{base}/audit/login"]


def codes_of(text: str) -> list[list[str]]:
    """The blocks of modules; each starts and ends with a full light line."""
    blocks: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        modules = line[2:].split("  ")[0] if not inside else line[2 : 2 + len(blocks[-1][0])]
        is_edge = bool(modules) and set(modules) == {"█"}
        if is_edge and not inside:
            blocks.append([modules])
            inside = True
        elif inside:
            blocks[-1].append(modules)
            inside = not is_edge
    return blocks


def test_the_sheet_fits_into_eighty_columns():
    for line in sheet(a_case(), ADDRESS, "AB:" * 31 + "CD").splitlines():
        wide = sum("\u2e80" <= char <= "\uffe0" for char in line)
        assert len(line) + wide <= 80, line


def test_passwords_are_fresh_and_can_be_read_aloud():
    made = {easy_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 14 and not set(one) & set("ilo01") for one in made)
