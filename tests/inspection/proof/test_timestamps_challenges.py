"""Challenge codes: made of a ledger that rests on a time stamp, or refused."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inspection.domain.actor import SYSTEM
from inspection.domain.challenges import challenge_code
from inspection.domain.entry import EntryDraft
from inspection.domain.errors import InspectionError
from inspection.domain.merkle import root_of
from inspection.domain.observations import StillReason
from inspection.services import reports, stills
from inspection.services.challenges import show_challenge
from inspection.services.ledger import append, close_ledger
from tests.inspection.services.office import Live, go_live, open_house


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    house = open_house(tmp_path / "data")
    yield await go_live(house)
    await house.aclose()


async def stamped(live: Live, gen_time: str = "2026-05-06T01:31:00.000Z", *, closed: bool = True) -> int:
    """As if an authority had stamped the newest checkpoint; the number of its entry."""
    async with live.office.uow() as uow:
        head = await close_ledger(uow, live.inspection.id)
        payload = {
            "authority": "测试", "size": head.size, "root": head.root, "token_sha256": "0" * 64,
            "file": f"timestamps/{head.size}-0.tst", "gen_time": gen_time, "is_test": True,
        }  # fmt: skip
        (entry,) = await append(uow, live.inspection.id, [EntryDraft("timestamp", SYSTEM, None, payload)])
        if closed:
            await close_ledger(uow, live.inspection.id)
        await uow.commit()
    return entry.seq


def test_a_code_is_six_digits_of_root_and_id() -> None:
    root = hashlib.sha256(b"root").digest()
    digest = hashlib.sha256(b"yuntakan-challenge-v1\n" + root + b"abc").digest()
    assert challenge_code(root, "abc") == f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"
    assert all(len(challenge_code(root, str(n))) == 6 for n in range(200))
    assert challenge_code(bytes(32), "a") != challenge_code(root, "a")


async def test_without_a_time_stamp_there_is_no_code(live: Live) -> None:
    with pytest.raises(InspectionError) as refused:
        await show_challenge(live.office, live.inspector, live.session_id, live.key())
    assert refused.value.code == "challenge_no_timestamp"


async def test_a_stamp_that_no_checkpoint_commits_to_yet_is_not_enough(live: Live) -> None:
    await stamped(live, closed=False)
    with pytest.raises(InspectionError) as refused:
        await show_challenge(live.office, live.inspector, live.session_id, live.key())
    assert refused.value.code == "challenge_no_timestamp"


async def test_a_code_rests_on_a_root_that_commits_to_the_newest_token(live: Live) -> None:
    await stamped(live, "2026-05-06T01:31:00.000Z")
    seq = await stamped(live, "2026-05-06T01:36:00.000Z")
    shown = await show_challenge(live.office, live.inspector, live.session_id, live.key())
    said = shown.entries[0].payload
    assert (shown.gen_time, shown.is_test) == ("2026-05-06T01:36:00.000Z", True)
    assert seq <= said["size"] < shown.entries[0].seq
    async with live.office.reading() as uow:
        hashes = await uow.entries.list_hashes(live.inspection.id, 0)
    root = root_of([bytes.fromhex(one) for one in hashes[: said["size"]]])
    assert said["root"] == root.hex()
    assert said["code"] == shown.code == challenge_code(root, said["challenge_id"])


async def test_the_same_key_shows_the_same_code(live: Live) -> None:
    await stamped(live)
    key = live.key()
    first = await show_challenge(live.office, live.inspector, live.session_id, key)
    again = await show_challenge(live.office, live.inspector, live.session_id, key)
    other = await show_challenge(live.office, live.inspector, live.session_id, live.key())
    assert first == again
    assert other.challenge_id != first.challenge_id


async def test_only_an_inspector_of_the_live_session_shows_one(live: Live) -> None:
    await stamped(live)
    for actor in (live.applicant, live.second):
        with pytest.raises(InspectionError):
            await show_challenge(live.office, actor, live.session_id, live.key())


async def test_a_still_names_the_newest_challenge_only(live: Live) -> None:
    await stamped(live)
    first = await show_challenge(live.office, live.inspector, live.session_id, live.key())
    second = await show_challenge(live.office, live.inspector, live.session_id, live.key())
    asked = (live.office, live.inspector, live.session_id, StillReason.CHALLENGE)
    plan = await stills.plan_still(*asked, challenge_id=second.challenge_id)
    assert (plan.reason, plan.challenge_id) == (StillReason.CHALLENGE, second.challenge_id)
    for wrong in (first.challenge_id, "a" * 26):
        with pytest.raises(InspectionError) as refused:
            await stills.plan_still(*asked, challenge_id=wrong)
        assert refused.value.field == "challenge_id"


async def test_other_entries_between_change_nothing(live: Live) -> None:
    await stamped(live)
    shown = await show_challenge(live.office, live.inspector, live.session_id, live.key())
    await reports.send_chat(live.office, live.inspector, live.session_id, "请念出口令", live.key())
    asked = (live.office, live.inspector, live.session_id, StillReason.CHALLENGE)
    assert (await stills.plan_still(*asked, challenge_id=shown.challenge_id)).challenge_id == shown.challenge_id
