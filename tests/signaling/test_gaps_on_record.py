"""What a page says of its device, and what the relay sees of its picture, become one gap each on record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from inspection.domain.instants import parse_rfc3339, to_unix_us
from media.bench.material import Material, make_material
from tests.e2e.kills import LightCall
from tests.signaling.served import Case
from web.client import Json

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

QUIET: Json = {"camera": "rear", "muted": False, "paused": False, "torch": False}


@pytest.fixture(scope="module")
def material() -> Material:
    return make_material()


@pytest_asyncio.fixture(loop_scope="package")
async def call(case: Case, material: Material) -> AsyncIterator[LightCall]:
    await case.go_live()
    made = LightCall(case.applicant, case.inspector, case.session_id, material)
    try:
        await made.rebuild()
        await made.wait_frames(20)
        yield made
    finally:
        await made.aclose()


async def test_muting_pausing_and_changing_the_camera_are_one_gap_each(case: Case, call: LightCall) -> None:
    for said in ({"muted": True}, {"paused": True}, {"camera": "switching"}):
        await case.applicant.act("device:report", QUIET | said)
        await asyncio.sleep(0.3)
        await case.applicant.act("device:report", QUIET)
    gaps = await gaps_of(case, 3)
    assert sorted(gap["cause"] for gap in gaps) == ["camera", "muted", "paused"]
    assert all(0.25 < length_s(gap) < 5 for gap in gaps)
    assert all(gap["participant_id"] for gap in gaps)


async def test_a_picture_that_stops_while_the_voice_goes_on_is_a_freeze(case: Case, call: LightCall) -> None:
    assert call.sender is not None
    await asyncio.sleep(1.0)  # the relay learns how often a frame comes
    film = call.sender._playing[0]
    film.cancel()
    await asyncio.sleep(2.0)
    call.sender._playing[0] = asyncio.create_task(call.sender._every(1 / 30, call.sender._send_frame))
    (gap,) = await gaps_of(case, 1)
    assert gap["cause"] == "freeze"
    assert 1.8 < length_s(gap) < 6
    assert gap["track_id"]


async def test_what_is_open_when_the_session_ends_ends_with_it(case: Case, call: LightCall) -> None:
    await case.applicant.act("device:report", QUIET | {"muted": True})
    await case.applicant.act("session:stop", {})
    (gap,) = await gaps_of(case, 1)
    assert gap["cause"] == "muted"


async def test_a_pause_that_is_over_is_not_begun_again_by_repeating_its_message(case: Case, call: LightCall) -> None:
    paused = QUIET | {"paused": True, "key": "a-pause-of-old"}
    await case.applicant.act("device:report", paused)
    await case.applicant.act("device:report", QUIET)
    await gaps_of(case, 1)
    await case.applicant.act("device:report", paused)
    await case.applicant.act("device:report", QUIET | {"muted": True})
    await asyncio.sleep(0.3)
    await case.applicant.act("device:report", QUIET)
    assert [gap["cause"] for gap in await gaps_of(case, 2)] == ["paused", "muted"]


async def gaps_of(case: Case, count: int) -> list[Json]:
    async with asyncio.timeout(15):
        while len(gaps := [one["payload"] for one in await case.entries("gap")]) < count:  # noqa: ASYNC110  (over HTTP)
            await asyncio.sleep(0.1)
    return gaps


def length_s(gap: Json) -> float:
    return (to_unix_us(parse_rfc3339(gap["ended_at"])) - to_unix_us(parse_rfc3339(gap["started_at"]))) / 1e6
