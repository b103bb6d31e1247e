"""An auditor who would look without being seen."""

from __future__ import annotations

import pytest

from tests.web.routes.conftest import Case
from tests.web.routes.test_flow import ended_with_film
from web import keys
from web.looks import Looks

pytestmark = pytest.mark.integration


async def test_a_film_that_is_read_from_its_second_byte_is_looked_at_too(case: Case) -> None:
    await ended_with_film(case)
    await case.auditor.get(f"{case.audit_path}/replay")
    await case.edge.app[keys.REPLAY_JOBS].settled()
    film = f"{case.audit_path}/sessions/{case.session_id}/replay.webm"
    assert (await case.auditor.get(film, Range="bytes=1-")).status == 206
    assert (await case.auditor.get(film, Range="bytes=40-49")).status == 206
    assert (await case.edge.kinds(case.id)).count("view") == 1


async def test_a_copy_that_is_taken_away_from_its_second_byte_is_on_record_too(case: Case) -> None:
    await ended_with_film(case)
    copy = f"{case.audit_path}/sessions/{case.session_id}/copies/mp4"
    await case.auditor.post(copy)
    await case.edge.app[keys.REPLAY_JOBS].settled()
    before = len(await case.edge.kinds(case.id))
    assert (await case.auditor.get(copy, Range="bytes=1-")).status == 206
    assert (await case.auditor.get(copy, Range="bytes=40-49")).status == 206
    assert (await case.edge.kinds(case.id))[before:] == ["export"]


async def test_the_entries_of_an_inspection_that_was_not_opened_are_looked_at_too(case: Case) -> None:
    for _ in range(2):
        assert (await case.auditor.get(f"{case.audit_path}/entries")).status == 200
    assert (await case.edge.kinds(case.id)).count("view") == 1


async def test_an_opened_inspections_entries_are_the_same_look(case: Case) -> None:
    await case.auditor.get(case.audit_path)
    await case.auditor.get(f"{case.audit_path}/entries")
    assert (await case.edge.kinds(case.id)).count("view") == 1


async def test_an_inspectors_reading_is_their_work_and_no_look(case: Case) -> None:
    await case.inspector.get(f"{case.office_path}/entries")
    assert "view" not in await case.edge.kinds(case.id)


def test_looks_are_bounded_and_the_oldest_is_forgotten() -> None:
    looks = Looks(most=2)
    assert [looks.begin("a", what) for what in ("1", "2", "1", "3", "2")] == [True, True, False, True, True]


def test_a_look_that_could_not_be_recorded_is_the_first_again() -> None:
    looks = Looks()
    assert looks.begin("login", "film")
    with pytest.raises(OSError), looks.forgotten_unless_recorded("login", "film"):
        raise OSError
    assert looks.begin("login", "film")
