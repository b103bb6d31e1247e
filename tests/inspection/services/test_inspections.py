from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from geo import Circle, Polygon, Position
from inspection.domain.actor import Role
from inspection.domain.errors import InspectionError
from inspection.domain.inspections import IdKind, InspectionState
from inspection.services import inspections
from tests.inspection.services.office import HOME, USCC, new_inspection

pytestmark = pytest.mark.integration


async def refusal(house, actor, **changed) -> tuple[str, str | None]:
    with pytest.raises(InspectionError) as caught:
        await house.opened(actor, **changed)
    return caught.value.code, caught.value.field


async def test_an_opened_inspection_is_on_record_without_the_number_or_the_phone(house):
    inspector = (await house.staff("li")).as_actor()
    inspection = await house.opened(inspector)
    assert inspection.state is InspectionState.OPENED
    async with house.office.reading() as uow:
        entry = (await uow.entries.list(inspection.id, 0, 1))[0]
    line = entry.to_line().decode()
    assert USCC not in line
    assert "13800001234" not in line
    assert entry.payload["premises"]["fence"]["radius_cm"] == 8000
    assert entry.opened_payload()["applicant"]["phone_masked"] == "138****1234"
    assert USCC not in repr(inspection)


@pytest.mark.parametrize(
    "fence",
    [None, Circle(HOME, 50.5), Polygon((HOME, Position(26.08, 119.29), Position(26.08, 119.30)))],
)
async def test_every_fence_comes_back_as_it_was_drawn(house, fence):
    inspector = (await house.staff("li")).as_actor()
    inspection = await house.opened(inspector, fence=fence)
    detail = await inspections.get_inspection(house.office, inspector, inspection.id)
    assert detail.inspection == inspection
    assert detail.inspection.premises.fence == fence


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"id_number": "91350100M000100Y44"}, ("uscc_invalid", "applicant.id_number")),
        ({"id_kind": IdKind.RESIDENT_ID}, ("id_number_invalid", "applicant.id_number")),
        ({"phone": "12345"}, ("phone_invalid", "applicant.phone")),
        ({"premises_name": ""}, ("field_invalid", "premises.name")),
        ({"address": "x" * 121}, ("field_invalid", "premises.address")),
        ({"applicant_name": "a\u0000"}, ("field_invalid", "applicant.name")),
        ({"item_id": "no-such-item"}, ("unknown", None)),
        ({"second_inspector_id": "nobody"}, ("field_invalid", "second_inspector_id")),
    ],
)
async def test_what_was_typed_wrong_is_named_by_its_field(house, changed, refused):
    inspector = (await house.staff("li")).as_actor()
    assert await refusal(house, inspector, **changed) == refused
    assert await inspections.list_inspections(house.office, inspector) == []


@pytest.mark.parametrize("field", ["premises_name", "applicant_name"])
async def test_a_name_that_no_stamp_can_show_is_refused_at_the_start(house, field):
    inspector = (await house.staff("li")).as_actor()
    office = replace(house.office, missing_characters=lambda text: "".join(char for char in text if char == "\u3645"))
    with pytest.raises(InspectionError) as caught:
        await inspections.open_inspection(office, inspector, new_inspection(**{field: "小\u3645馆"}), "k")
    assert (caught.value.code, caught.value.field) == ("character_not_supported", field.replace("_", "."))
    assert "\u3645 U+3645" in caught.value.message


async def test_an_inspector_whose_name_no_stamp_can_show_opens_nothing(house):
    li = (await house.staff("li")).as_actor()
    odd = await house.staff("odd", name="\u3645田")
    office = replace(house.office, missing_characters=lambda text: "\u3645" if "\u3645" in text else "")
    for actor, second, field in ((odd.as_actor(), None, "inspector"), (li, odd.id, "second_inspector_id")):
        with pytest.raises(InspectionError, match=r"U\+3645") as caught:
            await inspections.open_inspection(office, actor, new_inspection(second_inspector_id=second), "k")
        assert (caught.value.code, caught.value.field) == ("character_not_supported", field)


async def test_the_number_is_of_the_year_at_the_office(house):
    inspector = (await house.staff("li")).as_actor()
    house.clock.at = datetime(2026, 12, 31, 15, 59, tzinfo=UTC)
    assert (await house.opened(inspector)).number == "YTK-2026-00001"
    house.clock.move(minutes=1)
    assert (await house.opened(inspector)).number == "YTK-2027-00001"


async def test_the_second_inspector_is_another_inspector(house):
    inspector = (await house.staff("li")).as_actor()
    auditor = await house.staff("shen", Role.AUDITOR)
    for user_id in (inspector.id, auditor.id):
        assert (await refusal(house, inspector, second_inspector_id=user_id))[1] == "second_inspector_id"


async def test_a_resident_number_is_taken_in_any_case(house):
    inspector = (await house.staff("li")).as_actor()
    inspection = await house.opened(inspector, id_kind=IdKind.RESIDENT_ID, id_number=" 11010519491231002x ")
    assert inspection.applicant.id_masked == "110*************2X"


async def test_opening_twice_with_one_key_opens_once(house):
    inspector = (await house.staff("li")).as_actor()
    opened = [await inspections.open_inspection(house.office, inspector, new_inspection(), "same") for _ in range(2)]
    assert opened[0] == opened[1]
    assert await inspections.list_inspections(house.office, inspector) == [opened[0].inspection]


async def test_lists_hold_what_the_reader_is_on(house):
    first, second, third = [(await house.staff(name)).as_actor() for name in ("li", "wang", "zhao")]
    auditor = (await house.staff("shen", Role.AUDITOR)).as_actor()
    await house.opened(first, second_inspector_id=second.id)
    found = [len(await inspections.list_inspections(house.office, who)) for who in (first, second, third, auditor)]
    assert found == [1, 1, 0, 1]


async def test_revoking_what_belongs_to_another_inspection_is_not_found(house):
    inspector = (await house.staff("li")).as_actor()
    mine, other = await house.opened(inspector), await house.opened(inspector)
    created = await house.invited(inspector, mine)
    with pytest.raises(InspectionError, match="unknown"):
        await inspections.revoke_invitation(house.office, inspector, other.id, created.invitation.id, "k")
