"""Heads of the record over real session sockets: to the phone and to the inspectors, at once, each fitting the last."""

from __future__ import annotations

import time

import pytest

from inspection.domain.checkpoints import Checkpoint, parse_checkpoint
from inspection.domain.key_history import parse_key_line
from inspection.domain.merkle import verify_consistency
from inspection.store.signer import verify_ed25519
from tests.signaling.served import Case, Watch
from web.client import Json

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(120)]

PROMISE_S = 1.0
SHARED_MACHINE_S = 0.5


def head_of(message: Json) -> Checkpoint:
    return parse_checkpoint(message["line"].encode())


async def wait_for_size(watch: Watch, size: int) -> Checkpoint:
    """The first head that covers so many entries."""
    return head_of(await watch.first(lambda message: head_of(message).size >= size))


async def test_each_head_reaches_everybody_within_a_second_and_continues_the_one_before(case: Case) -> None:
    watches = [Watch(person, "checkpoint") for person in (case.applicant, case.inspector)]
    await case.go_live()
    late_s = []
    for number in range(12):
        said = await case.applicant.act("chat:send", {"text": f"第{number}句"})
        acknowledged_s = time.monotonic()
        for watch in watches:
            await wait_for_size(watch, said["seq"])
        late_s.append(time.monotonic() - acknowledged_s)
    assert max(late_s) < PROMISE_S + SHARED_MACHINE_S, f"{max(late_s):.2f} s (the machine is shared)"
    for watch in watches:
        heads = [head_of(message) for message in watch.told]
        for before, after, message in zip(heads, heads[1:], watch.told[1:], strict=False):
            proof = [bytes.fromhex(node) for node in message["proof"]]
            assert message["after"] == before.size
            assert verify_consistency(before.size, before.root_bytes, after.size, after.root_bytes, proof)
    assert watches[0].told[-1] == watches[1].told[-1]


async def test_the_portal_s_receipt_continues_what_came_over_the_socket(case: Case) -> None:
    watch = Watch(case.applicant, "checkpoint")
    await case.go_live()
    said = await case.applicant.act("chat:send", {"text": "在吗"})
    pushed = await wait_for_size(watch, said["seq"])
    path = f"/api/applicant/inspections/{case.id}/receipt"
    given = await case.applicant.get(path)
    last = parse_checkpoint(given["line"].encode())
    answer = await case.applicant.get(f"{path}/consistency?first={pushed.size}&second={last.size}")
    proof = [bytes.fromhex(node) for node in answer["proof"]]
    assert verify_consistency(pushed.size, pushed.root_bytes, last.size, last.root_bytes, proof)
    key = parse_key_line(given["keys"][-1].encode()).public_key
    assert pushed.is_signed_by(key, verify_ed25519)


async def test_who_is_not_in_the_session_hears_of_no_head(case: Case) -> None:
    other = await case.served.case()
    elsewhere, here = Watch(other.applicant, "checkpoint"), Watch(case.applicant, "checkpoint")
    try:
        await other.go_live()
        await case.go_live()
        said = await case.applicant.act("chat:send", {"text": "在吗"})
        await wait_for_size(here, said["seq"])
        assert {head_of(message).inspection for message in elsewhere.told} <= {other.id}
        assert {head_of(message).inspection for message in here.told} == {case.id}
    finally:
        for person in (other.inspector, other.second, other.applicant):
            await person.aclose()


async def test_the_end_of_a_session_is_in_the_last_head(case: Case) -> None:
    watch = Watch(case.inspector, "checkpoint")
    await case.go_live()
    await case.applicant.act("session:stop", {})
    ended = await case.inspector.log.wait_for(lambda entry: entry["kind"] == "session_ended", 10)
    assert (await wait_for_size(watch, ended["seq"])).size >= ended["seq"]
