"""What costs seconds for a long record does not hold up a live session."""

from __future__ import annotations

import threading

import pytest

from inspection.services import packages, receipts
from inspection.services.packages import plan_package
from inspection.services.receipts import get_consistency, get_receipt
from tests.inspection.services.office import Live
from tests.off_loop import threads_of

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("name", ["withheld_of", "package_openings", "package_sources", "package_texts"])
async def test_a_package_is_planned_off_the_event_loop(live: Live, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    threads = threads_of(monkeypatch, packages, name)
    plan = await plan_package(live.office, live.inspection.id)
    assert plan.entries and plan.texts
    assert len(threads) == 1 and threading.current_thread() not in threads


async def test_a_proof_takes_hashes_that_are_decoded_off_the_event_loop(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = (await get_receipt(live.office, live.inspector, live.inspection.id)).checkpoint
    threads = threads_of(monkeypatch, receipts, "_decoded")
    assert await get_consistency(live.office, live.inspector, live.inspection.id, 1, head.size)
    assert len(threads) == 1 and threading.current_thread() not in threads
